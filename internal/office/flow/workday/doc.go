// Package workday is the Chinese calendar of working days and the rules by which law counts periods. The holidays and the
// weekends on which people work instead come from packs, one per notice of the State Council (packs/calendar). All is pure:
// civil days of Asia/Shanghai in, civil days out; a year without a notice has weekends only, and every answer says so.
//
// Sources: Civil Code (民法典) art. 200 to 203: by days, months, years; the day of the event is not counted; the corresponding
// day ends a period of months; a last day that is a holiday gives way to the day after the holiday; the last day ends at 24:00
// or when business ends. Administrative Licensing Law (行政许可法) art. 82: its periods are working days, without holidays.
//
// Files: day.go (civil days), notice.go (packs), calendar.go (the calendar), period.go (the rules).
package workday
