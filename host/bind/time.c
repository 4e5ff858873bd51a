/*
 * time: host.time. All times are milliseconds since 1970. TZ is used only for text that people
 * read, and is read once, when the module opens.
 *
 * UTC is computed here and not by libc, so that it depends on nothing outside. The loop thread.
 */
#include "bind/values.h"
#include <limits.h>
#include <stdint.h>
#include <time.h>

enum { DAY_S = 86400 };

#define YEAR_0_MS    (-62167219200000LL) /* 0000-01-01 */
#define YEAR_9999_MS 253402300799999LL   /* the last of 9999-12-31 */
#define PART_MAX     10000000LL          /* bounds of from_zoned's parts: no sum below overflows */

struct civil {
    int64_t year;
    int month, day;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days from 1970-01-01 to a Gregorian date. A year begins in March, so that the leap day is its
 * last day. */
static int64_t days_of(int64_t year, int month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = floor_div(y, 400), of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + day - 1 - 719468;
}

static struct civil date_of(int64_t days)
{
    int64_t z = days + 719468, era = floor_div(z, 146097), of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (int)((5 * of_year + 2) / 153);

    return (struct civil){
        .year = era * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = (int)(of_year - (153 * month + 2) / 5 + 1),
    };
}

static lua_Integer check_ms(lua_State *L, int arg)
{
    lua_Integer ms = luaL_checkinteger(L, arg);

    luaL_argcheck(L, ms >= YEAR_0_MS && ms <= YEAR_9999_MS, arg,
                  "milliseconds of the years 0 to 9999 expected");
    return ms;
}

static lua_Integer clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (lua_Integer)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int lua_now_ms(lua_State *L)
{
    lua_pushinteger(L, clock_ms(CLOCK_REALTIME));
    return 1;
}

static int lua_monotonic_ms(lua_State *L)
{
    lua_pushinteger(L, clock_ms(CLOCK_MONOTONIC));
    return 1;
}

/* Pushes so many bytes of the time, with `between` before the hour. No printf: a turn makes five of
 * these, which took 15,000 of its instructions. */
static int push_text(lua_State *L, char between, size_t len)
{
    lua_Integer ms = check_ms(L, 1);
    int64_t days = floor_div(ms, DAY_S * 1000LL);
    int left = (int)(ms - days * DAY_S * 1000);
    struct civil c = date_of(days);
    const int parts[] = { (int)c.year,       c.month,          c.day,      left / 3600000,
                          left / 60000 % 60, left / 1000 % 60, left % 1000 };
    char text[] = "0000-00-00 00:00:00.000Z";

    for (int part = 0, at = 0; part < 7; part++) {
        int digits = part == 0 ? 4 : part == 6 ? 3 : 2;
        for (int value = parts[part], i = digits; i-- > 0; value /= 10)
            text[at + i] = (char)('0' + value % 10);
        at += digits + 1;
    }
    text[10] = between;
    lua_pushlstring(L, text, len);
    return 1;
}

static int lua_iso(lua_State *L)
{
    return push_text(L, 'T', 24);
}

static int lua_stamp(lua_State *L)
{
    return push_text(L, ' ', 23);
}

/* Reads exactly `count` digits at *p and the byte `then` after them, unless that is 0. -1:
 * something else is there. The text ends in a NUL. */
static int read_part(const char **p, int count, char then)
{
    int value = 0;

    for (; count > 0; count--, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    if (then && *(*p)++ != then)
        return -1;
    return value;
}

/* .5, .123, .123456789: milliseconds, cut off. -1: no digits, or more than nine. */
static int read_fraction(const char **p)
{
    int value = 0, digits = 0;

    if (**p != '.')
        return 0;
    for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, digits++)
        if (digits < 3)
            value = value * 10 + (**p - '0');
    if (digits == 0 || digits > 9)
        return -1;
    for (; digits < 3; digits++)
        value *= 10;
    return value;
}

/* "", Z, +05:30, -0400: minutes east of UTC. INT_MAX: anything else. */
static int read_offset(const char **p)
{
    int sign = **p == '-' ? -1 : 1, hours, minutes;

    if (**p == 'Z') {
        (*p)++;
        return 0;
    }
    if (**p != '+' && **p != '-')
        return 0;
    (*p)++;
    hours = read_part(p, 2, 0);
    if (hours < 0 || hours > 23)
        return INT_MAX;
    if (**p == ':')
        (*p)++;
    minutes = read_part(p, 2, 0);
    return minutes < 0 || minutes > 59 ? INT_MAX : sign * (hours * 60 + minutes);
}

static bool read_time(const char *text, size_t len, lua_Integer *ms)
{
    const char *p = text;
    int year, month, day, hour, min, sec, fraction, offset;
    struct civil same;

    if (len < 19 || (text[10] != 'T' && text[10] != ' '))
        return false;
    if ((year = read_part(&p, 4, '-')) < 0 || (month = read_part(&p, 2, '-')) < 1 || month > 12 ||
        (day = read_part(&p, 2, text[10])) < 1 || (hour = read_part(&p, 2, ':')) < 0 || hour > 23 ||
        (min = read_part(&p, 2, ':')) < 0 || min > 59 || (sec = read_part(&p, 2, 0)) < 0 ||
        sec > 59)
        return false;
    if ((fraction = read_fraction(&p)) < 0 || (offset = read_offset(&p)) == INT_MAX ||
        p != text + len)
        return false;
    same = date_of(days_of(year, month, day));
    if (same.month != month || same.day != day) /* for example 30 February */
        return false;
    *ms = ((days_of(year, month, day) * 24 + hour) * 60 + min - offset) * 60000 + sec * 1000 +
          fraction;
    return true;
}

static int lua_parse(lua_State *L)
{
    size_t len;
    const char *text;
    lua_Integer ms;

    luaL_checktype(L, 1, LUA_TSTRING);
    text = lua_tolstring(L, 1, &len);
    if (!read_time(text, len, &ms))
        return 0;
    lua_pushinteger(L, ms);
    return 1;
}

static int lua_zoned(lua_State *L)
{
    time_t seconds = (time_t)floor_div(check_ms(L, 1), 1000);
    struct tm t;

    if (!localtime_r(&seconds, &t))
        return luaL_error(L, "no local time for this moment");
    lua_createtable(L, 0, 9);
    set_integer_field(L, "year", t.tm_year + 1900);
    set_integer_field(L, "month", t.tm_mon + 1);
    set_integer_field(L, "day", t.tm_mday);
    set_integer_field(L, "hour", t.tm_hour);
    set_integer_field(L, "min", t.tm_min);
    set_integer_field(L, "sec", t.tm_sec);
    set_integer_field(L, "wday", t.tm_wday == 0 ? 7 : t.tm_wday);
    set_integer_field(L, "offset_min", floor_div(t.tm_gmtoff, 60));
    set_text_field(L, "zone", t.tm_zone);
    return 1;
}

/* Seconds east of UTC in TZ at this moment. */
static int64_t offset_at(int64_t seconds)
{
    time_t moment = (time_t)seconds;
    struct tm t;

    return localtime_r(&moment, &t) ? t.tm_gmtoff : 0;
}

static int64_t part_field(lua_State *L, const char *name, bool required)
{
    lua_Integer value = 0;
    int integral = 1;

    lua_pushstring(L, name);
    if (lua_rawget(L, 1) == LUA_TNIL ? required
                                     : !(value = lua_tointegerx(L, -1, &integral), integral))
        return luaL_error(L, "from_zoned: %s: a whole number expected, got %s", name,
                          luaL_typename(L, -1));
    lua_pop(L, 1);
    if (value < -PART_MAX || value > PART_MAX)
        return luaL_error(L, "from_zoned: %s is out of bounds", name);
    return value;
}

/* Not mktime: its result for a repeated or missing hour depends on earlier calls. */
static int lua_from_zoned(lua_State *L)
{
    int64_t year, month, shown, before, after, first;

    luaL_checktype(L, 1, LUA_TTABLE);
    year = part_field(L, "year", true);
    month = part_field(L, "month", true) - 1;
    year += floor_div(month, 12);
    month -= floor_div(month, 12) * 12;
    luaL_argcheck(L, year >= 0 && year <= 9999, 1, "a year of 0 to 9999 expected");
    shown = days_of(year, (int)month + 1, part_field(L, "day", true)) * DAY_S +
            part_field(L, "hour", false) * 3600;
    shown += part_field(L, "min", false) * 60 + part_field(L, "sec", false);
    before = offset_at(shown - DAY_S);
    after = offset_at(shown + DAY_S);
    /* A repeated hour means its first moment. In a gap the old offset counts, which gives a moment
     * after the gap. */
    first = shown - (before > after ? before : after);
    if (offset_at(first) != shown - first) {
        int64_t second = shown - (before > after ? after : before);

        first = offset_at(second) == shown - second ? second : shown - before;
    }
    lua_pushinteger(L, first * 1000);
    return 1;
}

int luaopen_host_time(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "now_ms", lua_now_ms },
        { "monotonic_ms", lua_monotonic_ms },
        { "iso", lua_iso },
        { "stamp", lua_stamp },
        { "parse", lua_parse },
        { "zoned", lua_zoned },
        { "from_zoned", lua_from_zoned },
        { NULL, NULL },
    };

    tzset();
    luaL_newlib(L, functions);
    return 1;
}
