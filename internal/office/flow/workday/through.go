package workday

import (
	"fmt"

	"jingwei/internal/kernel/text"
)

// Through says in words which arranged days lie after one day and up to another: holidays in one stretch, and weekend days on which
// people work. It is why a period ends when it does.
func (c *Calendar) Through(after, last Day) (out []text.Text) {
	for d := after + 1; d <= last; d++ {
		m, ok := c.days[d]
		if !ok {
			continue
		}
		from := d
		for d < last {
			next, more := c.days[d+1]
			if !more || next.working != m.working || next.name != m.name {
				break
			}
			d++
		}
		zh, en := from.words("zh"), from.words("en")
		if from != d {
			zh, en = zh+"至"+d.words("zh"), en+" to "+d.words("en")
		}
		if m.working {
			out = append(out, text.Text{Zh: zh + "调休上班（" + m.name.Zh + "）", En: en + ": working days shifted for " + m.name.En})
		} else {
			out = append(out, text.Text{Zh: zh + m.name.Zh + "放假", En: en + ": " + m.name.En})
		}
	}
	return out
}

// words is a day as people say it, without its year.
func (d Day) words(lang string) string {
	t := d.date()
	if lang == "zh" {
		return fmt.Sprintf("%d 月 %d 日", t.Month(), t.Day())
	}
	return t.Format("2 January")
}
