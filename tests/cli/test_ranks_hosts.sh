#!/bin/bash
# Two hosts, here network namespaces with host names of their own that are joined by a cable: what ranks on both make by
# MPI over TCP is what one process makes; pulling the cable ends the run.
source "$2/tests/cli/ranks.sh"
by_mpi || exit 77
a=dc3a$$ b=dc3b$$
leave() { ip netns del $a 2> /dev/null; ip netns del $b 2> /dev/null; rm -rf "$work"; }
if ! ip netns add $a 2> /dev/null; then echo "skipped: no network namespaces"; exit 77; fi
trap leave EXIT
ip netns add $b && ip link add $a netns $a type veth peer name $b netns $b || { echo "skipped: no veth"; exit 77; }
for host in "$a 1" "$b 2"; do
  read -r name number <<< "$host"
  ip -n $name addr add 10.231.77.$number/24 dev $name && ip -n $name link set $name up && ip -n $name link set lo up ||
    fail "the address of $name"
done
# on HOST COMMAND...: how mpirun reaches the other host, too.
cat > on <<'END'
#!/bin/bash
while [[ $1 == -* ]]; do shift; done
name=$1; shift
exec ip netns exec "$name" unshare --uts bash -c 'hostname "$0" && eval "$@"' "$name" "$*"
END
chmod +x on
hosts=(./on $a mpirun --oversubscribe --mca plm_rsh_agent "$work/on" --mca btl tcp,self
  --mca btl_tcp_if_include 10.231.77.0/24 --mca oob_tcp_if_include 10.231.77.0/24 --mca orte_keep_fqdn_hostnames 1
  -x OMPI_ALLOW_RUN_AS_ROOT -x OMPI_ALLOW_RUN_AS_ROOT_CONFIRM -x DC3_SILENCE=3 -x DC3_BACKBONE --wdir "$work"
  --host $a,$b -n 2)
[[ $("${hosts[@]}" hostname | sort | tr '\n' ' ') == "$a $b " ]] || fail "the ranks are not on both hosts"

gradual data 24
tiny_editor tiny
condense=(condense data --editor tiny "${common[@]}" --ipc 12 --teacher none)
expect 0 "24 images stored" "$dc3" "${condense[@]}" -o one
expect 0 "24 images stored" "${hosts[@]}" "$dc3"-mpi "${condense[@]}" -o both
same_run one both > differences || fail "two hosts: $(< differences)"

# The cable is pulled, and the command continues on one host.
"${hosts[@]}" "$dc3"-mpi "${condense[@]}" -o pulled > log 2>&1 & process=$!
for ((i = 0; i < 4000; i++)); do compgen -G "pulled/calibration/*.png" > /dev/null && break; sleep 0.01; done
ip -n $b link set $b down
for ((i = 0; i < 600; i++)); do grep -q "has not been heard of for 3 seconds" log && break; sleep 0.1; done
grep -Eq "^dc3: rank 1 \(process [0-9]+ on $b\) has not been heard of for 3 seconds; what was done is kept" log ||
  fail "the cable is pulled: $(< log)"
kill $process 2> /dev/null # mpirun itself may wait for the other host for long
for host in $a $b; do for i in $(ip netns pids $host); do kill -9 "$i" 2> /dev/null; done; done
wait $process 2> /dev/null
expect 0 "24 images stored" "$dc3" "${condense[@]}" -o pulled
same_run one pulled > differences || fail "continued: $(< differences)"
