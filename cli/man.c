/* Manual pages, from the same tables as --help. */
#include "cli.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Text that roff takes as it is; `start`: at the beginning of a line, where . and ' mean something. */
static void print_text(const char *text, int start)
{
    static const struct {
        char plain;
        const char *roff;
    } special[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
                   {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    for (; *text; text++) {
        const char *roff = NULL;
        for (size_t i = 0; i < sizeof special / sizeof *special; i++)
            if (special[i].plain == *text) roff = special[i].roff;
        if (start && *text == '.') fputs("\\&", stdout);
        if (roff)
            fputs(roff, stdout);
        else
            putchar(*text);
        start = *text == '\n';
    }
}

static void print_option(const option *o)
{
    printf(".TP\n");
    if (o->letter) printf("\\fB\\-%c\\fR, ", o->letter);
    printf("\\fB\\-\\-");
    print_text(o->name, 0);
    printf("\\fR");
    if (o->value) {
        printf(" \\fI");
        print_text(o->value, 0);
        printf("\\fR");
    }
    printf("\n");
    print_text(o->help, 1);
    printf(".\n");
}

static void print_options(const command *c)
{
    printf(".SH OPTIONS\n");
    EACH_OPTION(c, t, o) print_option(o);
    printf(".TP\n\\fB\\-\\-help\\fR\nThe options in short, with examples.\n");
    if (!has_options(c, method_options)) return;
    printf(".SH METHODS\n");
    for (int i = 0; dc3_method_name(i); i++) {
        printf(".TP\n.B ");
        print_text(dc3_method_name(i), 0);
        printf("\n");
        print_text(dc3_method_summary(i), 1);
        printf(".\n");
    }
}

static void print_commands(void)
{
    printf(".SH COMMANDS\n");
    for (const command *const *c = commands; *c; c++) {
        printf(".TP\n\\fBdc3\\-%s\\fR(1)\n", (*c)->name);
        print_text((*c)->summary, 1);
        printf("\n");
    }
    printf(".SH ENVIRONMENT\n.TP\n.B DC3_MODELS\n"
           "Folder in which the editor dc3\\-mini is, in place of the one that came with the program.\n");
}

/* "Condense a dataset." as what stands behind a page's name: "condense a dataset". */
static void print_purpose(const char *summary)
{
    char *text = g_strdup(summary);
    if (isupper((unsigned char)text[0]) && islower((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
    if (g_str_has_suffix(text, ".")) text[strlen(text) - 1] = 0;
    print_text(text, 0);
    g_free(text);
    printf("\n");
}

void print_manual(const command *c)
{
    int whole = c == &program;
    char *page = whole ? g_strdup("dc3") : g_strdup_printf("dc3-%s", c->name),
         *title = g_ascii_strup(page, -1);
    printf(".TH ");
    print_text(title, 0);
    printf(" 1 \"\" \"dc3 %s\" \"dc3\"\n.SH NAME\n", dc3_version());
    print_text(page, 0);
    printf(" \\- ");
    print_purpose(c->summary);
    printf(".SH SYNOPSIS\n\\fBdc3%s%s\\fR ", whole ? "" : " ", whole ? "" : c->name);
    if (!whole) printf("[\\fIOPTIONS\\fR] ");
    print_text(c->arguments, 0);
    printf("\n");
    if (whole)
        print_commands();
    else
        print_options(c);
    printf(".SH EXAMPLES\n.nf\n");
    print_text(c->examples, 1);
    printf("\n.fi\n.SH EXIT STATUS\n");
    print_text(exit_statuses, 1);
    printf("\n.SH SEE ALSO\n%s\n",
           whole ? "\\fBdc3\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR" : "\\fBdc3\\fR(1)");
    g_free(title);
    g_free(page);
}
