/*
 * zone: is TZ a clock that this machine knows? If not, people are shown UTC by its name, and told so.
 *
 * glibc takes a TZ it does not know for UTC and prints part of its name as the zone's ("10:00 America"), so it is looked at first.
 * May change TZ in the environment: once, from main, before there is a second thread.
 */
#ifndef HOST_BASE_TIMEZONE_H
#define HOST_BASE_TIMEZONE_H

/* Looks at TZ. */
void timezone_settle(void);
/* What is wrong with it and what to do, as a line for the list at start; NULL: nothing. */
const char *timezone_warning(void);

#endif
