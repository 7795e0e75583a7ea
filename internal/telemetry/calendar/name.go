package calendar

import (
	"fmt"
	"time"

	"jingwei/internal/kernel/text"
)

// Name is what people call the bucket of a level that begins at from (or holds it):
//
//	Minute, Hour  2026-11-22 14:00, with the offset from UTC where the clocks show that time twice
//	Shift         2026-11-22 夜班 甲班, 2026-11-22 Night Crew A; 2026-11-22 无班次 12:00, 2026-11-22 no shift 12:00
//	Day           2026-11-22
//	Month         2026-11
//
// The date of a shift is its production day's.
func (c Calendar) Name(level Level, from int64) text.Text {
	b := c.book()
	from, _ = c.Bucket(level, from)
	m := div(from, minute)
	switch level {
	case Minute, Hour:
		w := b.zone.wall(m)
		s := time.Unix(w*60, 0).UTC().Format(dateForm + " 15:04")
		if b.zone.twice(m) {
			off := w - m
			sign := '+'
			if off < 0 {
				sign, off = '-', -off
			}
			s += fmt.Sprintf(" %c%02d:%02d", sign, off/60, off%60)
		}
		return text.Both(s)
	case Shift:
		p := b.piece(m)
		day := date(p.day).Format(dateForm)
		if p.turn == nil {
			at := time.Unix(b.zone.wall(p.from)*60, 0).UTC().Format("15:04")
			return text.Text{Zh: day + " 无班次 " + at, En: day + " no shift " + at}
		}
		t := text.Text{Zh: day + " " + p.turn.shift.Name.In("zh"), En: day + " " + p.turn.shift.Name.In("en")}
		if crew := p.turn.crew; crew != nil {
			t.Zh += " " + crew.Name.In("zh")
			t.En += " " + crew.Name.In("en")
		}
		return t
	case Day:
		return text.Both(date(b.day(m)).Format(dateForm))
	}
	at := date(b.day(m))
	y, month := at.Year(), at.Month()
	if int64(at.Day()) < b.monthStart {
		month--
	}
	if b.monthStart > 15 {
		month++
	}
	return text.Both(time.Date(y, month, 1, 0, 0, 0, 0, time.UTC).Format("2006-01"))
}

const dateForm = time.DateOnly
