/*
 * timezone: does this machine know the time zone TZ? If not, times are shown in UTC, with a
 * warning.
 *
 * glibc reads an unknown TZ as UTC and prints part of its name as the zone's ("10:00 America"), so
 * it is checked first. Changes TZ in the environment: called once, from main, before there is a
 * second thread.
 */
#ifndef HOST_BASE_TIMEZONE_H
#define HOST_BASE_TIMEZONE_H

/* Looks at TZ. */
void timezone_settle(void);
/* The cause and the remedy, as a line for the list at the start; NULL: TZ is fine. */
const char *timezone_warning(void);

#endif
