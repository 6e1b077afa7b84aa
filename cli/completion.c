/* Completions of bash and zsh, from the same tables as --help. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static int is_path(const option *o)
{
    return o->kind == OPTION_PATH || o->kind == OPTION_MODEL;
}

static int is_folder(const option *o)
{
    return is_path(o) && strcmp(o->value, "DIR") == 0;
}

static void print_values(const char *const *values)
{
    for (int i = 0; values[i]; i++) printf("%s%s", i ? " " : "", values[i]);
}

static void print_names(void)
{
    for (const command *const *c = commands; *c; c++) printf("%s%s", c == commands ? "" : " ", (*c)->name);
}

/* ---- bash ---- */

static const char bash_head[] =
    "# Completion of dc3 for bash, made by: dc3 --completion bash\n"
    "_dc3() {\n"
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} kind= words=\n"
    "  COMPREPLY=()\n"
    "  # --option=value arrives as three words.\n"
    "  if [[ $cur == = ]]; then cur=\n"
    "  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n";
static const char bash_tail[] =
    "  case $kind in\n"
    "    words) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
    "    list)\n"
    "      local before=\n"
    "      [[ $cur == *,* ]] && before=${cur%,*},\n"
    "      compopt -o nospace 2> /dev/null\n"
    "      mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$words\" -- \"${cur##*,}\") ;;\n"
    "    none) compopt +o default +o bashdefault 2> /dev/null ;;\n"
    "    folders) compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
    "    *) compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
    "  esac\n"
    "}\n"
    "complete -o bashdefault -o default -F _dc3 dc3\n";

/* How the value of each option is completed. */
static void bash_values(const command *c)
{
    EACH_OPTION(c, t, o)
    {
        const char *const *values = option_values(c, o->name);
        if (o->kind == OPTION_FLAG) continue;
        printf("    %s:--%s", c->name, o->name);
        if (o->letter) printf(" | %s:-%c", c->name, o->letter);
        printf(") kind=");
        if (values) {
            printf("%s words='", takes_list(o) ? "list" : "words");
            print_values(values);
            printf("' ;;\n");
        } else
            printf("%s ;;\n", is_folder(o) ? "folders" : is_path(o) ? "files" : "none");
    }
}

static void bash_options(const command *c)
{
    printf("      %s) words='", c->name);
    EACH_OPTION(c, t, o)
    {
        if (o->letter) printf("-%c ", o->letter);
        printf("--%s ", o->name);
    }
    printf("--help' ;;\n");
}

static void print_bash(void)
{
    printf("%s  case ${COMP_WORDS[1]}:$prev in\n", bash_head);
    for (const command *const *c = commands; *c; c++) bash_values(*c);
    printf("    help:help) kind=words words='");
    print_names();
    printf("' ;;\n  esac\n  if ((COMP_CWORD == 1)); then\n    kind=words words='");
    print_names();
    printf(" help --help --version'\n  elif [[ ! $kind && $cur == -* ]]; then\n    kind=words\n"
           "    case ${COMP_WORDS[1]} in\n");
    for (const command *const *c = commands; *c; c++) bash_options(*c);
    printf("    esac\n  fi\n%s", bash_tail);
}

/* ---- zsh ---- */

/* Text within single quotes, and of what _arguments reads as its own. */
static void print_quoted(const char *text, const char *special)
{
    for (; *text; text++)
        if (*text == '\'')
            printf("'\\''");
        else if (strchr(special, *text))
            printf("\\%c", *text);
        else
            putchar(*text);
}

/* One spelling of an option: -x+ takes its value with or without a space, --xyz= with a space or =. */
static void zsh_option(const command *c, const option *o, int is_short)
{
    const char *const *values = option_values(c, o->name);
    printf(" \\\n      '");
    if (o->letter) printf("(-%c --%s)", o->letter, o->name);
    if (is_short)
        printf("-%c%s[", o->letter, o->kind == OPTION_FLAG ? "" : "+");
    else
        printf("--%s%s[", o->name, o->kind == OPTION_FLAG ? "" : "=");
    print_quoted(o->help, "[]\\");
    printf("]");
    if (o->kind != OPTION_FLAG) {
        printf(":%s:", o->value);
        if (values) {
            printf("%s", takes_list(o) ? "_sequence compadd - " : "(");
            print_values(values);
            printf("%s", takes_list(o) ? "" : ")");
        } else if (is_path(o))
            printf("_files%s", is_folder(o) ? " -/" : "");
    }
    printf("'");
}

static void zsh_options(const command *c)
{
    printf("    %s)\n      _arguments -s", c->name);
    EACH_OPTION(c, t, o)
    {
        if (o->letter) zsh_option(c, o, 1);
        zsh_option(c, o, 0);
    }
    printf(" \\\n      '(- *)--help[The options in short, with examples]' \\\n      '*:file:_files' ;;\n");
}

static void print_zsh(void)
{
    printf("#compdef dc3\n# Completion of dc3 for zsh, made by: dc3 --completion zsh\n_dc3() {\n"
           "  local -a names=(\n");
    for (const command *const *c = commands; *c; c++) {
        printf("    '%s:", (*c)->name);
        print_quoted((*c)->summary, "\\");
        printf("'\n");
    }
    printf("  )\n"
           "  if ((CURRENT == 2)); then\n    _describe command names\n    return\n  fi\n"
           "  local name=$words[2]\n"
           "  if [[ $name == help ]]; then\n    _describe command names\n    return\n  fi\n"
           "  shift words\n  ((CURRENT--))\n  case $name in\n");
    for (const command *const *c = commands; *c; c++) zsh_options(*c);
    printf("  esac\n}\nif [[ $funcstack[1] == _dc3 ]]; then\n  _dc3 \"$@\"\nelse\n  compdef _dc3 dc3\nfi\n");
}

int print_completion(const char *shell)
{
    int bash = strcmp(shell, "bash") == 0, zsh = strcmp(shell, "zsh") == 0;
    if (bash) print_bash();
    if (zsh) print_zsh();
    return bash || zsh;
}
