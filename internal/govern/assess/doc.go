// Package assess is the check-up: an instrument (a questionnaire with weights and a table of levels) is a pack, answers carry a
// grade of evidence, and the result says of every point which answer gave it by which rule, in Chinese and English. It is
// pure: the same pack, answers and facts give the same bytes on every machine.
//
// Points are whole numbers of ten-thousandths of a point, shares are integers of a whole that the pack names, numbers are exact
// rationals; nothing is a binary floating-point number. What an enterprise declares and what is evidenced are scored side by
// side. A question that the platform can measure is answered from the plant (Facts) with grade E3, beside what was declared and
// never over it. From the same table of levels come the cheapest path to a higher level and the needs that are matched with supply.
//
// Sources: the instruments name theirs (packs/instruments). Suppression of small cells: A. Hundepool et al., Statistical
// Disclosure Control (2012), chapter 4; quantiles by nearest rank; apportionment by largest remainders (Hamilton).
package assess
