#!/bin/bash
# try_containerfile.sh WORK: what the Containerfile says, step by step, in new Debians (mmdebstrap) where no container
# engine is: each stage is a folder in WORK, RUN happens in it by chroot, and at the end its user condenses a few images
# with the program that ENTRYPOINT names. Needs root, mmdebstrap and the network; 2 GB of disk and ten minutes of a
# processor. The Debian stays in WORK for the next time.
set -eu -o pipefail
source=$(realpath "$(dirname "$0")/..")
mkdir -p "$1" && cd "$1"
stage="" folder=/ user=root entry=""

# inside USER COMMAND..: in the stage, at its folder, with mounts that go when the command does.
inside() {
  unshare --mount bash -eu -c 'mount --rbind /dev "$1/dev"; mount -t proc proc "$1/proc"
    exec chroot "$1" setpriv --reuid "$2" --regid "$2" --clear-groups \
      env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp DEBIAN_FRONTEND=noninteractive \
      sh -c "cd \"\$1\" && shift && exec \"\$@\"" - "${@:3}"' - "$stage" "$1" "$folder" "${@:2}" < /dev/null
}
begin() { # AS NAME, or nothing
  stage=${2:-last} folder=/ user=root
  rm -rf --one-file-system "$stage" && cp -a debian "$stage"
  cp --remove-destination /etc/resolv.conf "$stage/etc/resolv.conf"
}
copy() { # [--from=STAGE] FROM.. TO
  local from=$source to=${*: -1} files
  if [[ $1 == --from=* ]]; then from=${1#--from=}; shift; fi
  [[ $to == /* ]] || to=$folder/$to
  for files in "${@:1:$#-1}"; do # a folder's content, as COPY has it
    [[ -d $from/$files ]] && { mkdir -p "$stage/$to"; files+=/.; }
    compgen -G "$from/$files" > /dev/null || { echo "COPY: there is no $from/$files" >&2; exit 1; }
    # shellcheck disable=SC2086 # A pattern.
    cp -r "$from"/$files "$stage/$to"
  done
}

if [[ ! -d debian ]]; then
  rm -rf debian.part
  mmdebstrap --quiet --mode=root --variant=minbase bookworm debian.part ${MIRROR:+"$MIRROR"}
  mv debian.part debian
fi
# shellcheck disable=SC2162 # A backslash joins lines.
while read word rest; do
  [[ -n $word && $word != "#"* ]] || continue
  echo "== $word $rest"
  read -ra words <<< "$rest"
  case $word in
    FROM) [[ ${words[0]} == docker.io/library/debian:12 ]]; begin "${words[@]:1}" ;;
    COPY) copy "${words[@]}" ;;
    RUN) inside root sh -c "$rest" ;;
    WORKDIR) folder=$rest && mkdir -p "$stage$folder" ;;
    USER) user=$rest ;;
    ENTRYPOINT) entry=$(tr -d '[]",' <<< "$rest") ;;
    *) echo "a step that is not known here" >&2; exit 1 ;;
  esac
done < "$source/Containerfile"
echo "== as $user: $entry condense"
[[ $user != root && -n $entry ]]
mkdir -p "$stage$folder"/photos/{a,b}
cp "$source"/tests/golden/images/{grey.jpg,grey.png,rgb.jpg} "$stage$folder/photos/a"
cp "$source"/tests/golden/images/{exif3.jpg,exif6.jpg,palette.png} "$stage$folder/photos/b"
inside root chown -R "$user" .
inside "$user" "$entry" condense photos -o small --ipc 2 --teacher none
(($(find "$stage$folder/small/train" -name '*.png' | wc -l) == 4))
