// Package calendar cuts time into the minutes, hours, shifts, days and months of one plant. A Calendar is a value: the
// same definition and the same rules of its time zone give the same bounds and the same Version on every machine.
//
// All buckets of a level follow one another without gap or overlap, are half-open [from, to), and begin on whole UTC
// minutes. What the clocks do decides how long they are:
//
//   - A minute is a UTC minute.
//   - An hour begins when the local clock's minutes are 00; in zones that are whole hours from UTC that is the UTC hour.
//     Where the clocks change by a part of an hour (Lord Howe Island: 30 minutes) the change itself begins a new hour,
//     so that no bucket is longer than 60 minutes.
//   - A day runs from the day's start on the local clock to the next one: 23 or 25 hours where the clocks change. A date
//     that the clocks leave out (Apia, 2011-12-30) has no bucket.
//   - A month runs from its first day's start to the next month's.
//   - A shift runs from its start to its end on the local clock: a night shift of eight hours has seven or nine elapsed
//     hours when the clocks change in it. It ends at the latest when the next shift begins, which matters only where a
//     pattern or an exception takes over. A shift belongs to the production day in which it begins, and may reach into
//     the next: shifts do not nest in days.
//   - Time outside every shift is a bucket too, "no shift", cut at the starts of days. A calendar without shifts has one
//     such bucket per day.
//
// A time of day that the clocks leave out stands for the first instant after it; one that they show twice stands for its
// first occurrence. Both are one rule: the first instant at which the local clock has come to that time.
//
// The zone's rules are those between 1970 and 2200, the range of the store; outside it the clocks no longer change.
package calendar
