#include "base/timezone.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *warning;

/* A rule that needs no file, like EST5EDT,M3.2.0,M11.1.0 or <-03>3: a name, then an offset. */
static bool is_rule(const char *zone)
{
    size_t n = 0;
    if (*zone == '<') {
        n = strcspn(zone, ">");
        if (zone[n] != '>' || n < 4)
            return false;
        n++;
    } else {
        while (isalpha((unsigned char)zone[n]))
            n++;
        if (n < 3)
            return false;
    }
    if (zone[n] == '+' || zone[n] == '-')
        n++;
    return isdigit((unsigned char)zone[n]);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *folder, const char *zone)
{
    char path[512];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s%s%s", *zone == '/' ? "" : folder,
                     *zone == '/' ? "" : "/", zone);
    return n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

void timezone_settle(void)
{
    const char *zone = getenv("TZ"), *folder = getenv("TZDIR");
    warning = NULL;
    if (!zone || !*zone) /* unset: the machine's own; empty: UTC, and meant so */
        return;
    zone += *zone == ':';
    if (!folder || !*folder)
        folder = "/usr/share/zoneinfo";
    bool utc = strcmp(zone, "UTC") == 0 || strcmp(zone, "GMT") == 0;
    if (utc || is_file(folder, zone) || is_rule(zone))
        return;
    warning = is_folder(folder)
                  ? "TZ: this machine does not know this time zone, so times are shown in UTC. "
                    "Write one like America/Toronto (letter case counts).\n"
                  : "TZ: this machine has no time zones, so times are shown in UTC. Install the "
                    "package tzdata and restart.\n";
    setenv("TZ", "UTC0", 1);
    tzset();
}

const char *timezone_warning(void)
{
    return warning;
}
