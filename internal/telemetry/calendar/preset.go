package calendar

import "jingwei/internal/kernel/text"

// Preset is a calendar to begin with.
type Preset struct {
	ID         string     `json:"id"`
	Name       text.Text  `json:"name"`
	Note       text.Text  `json:"note"`
	Definition Definition `json:"definition"`
}

// Presets are the usual ways to work, in a zone. The two with fewer than seven days a week know no public holidays: those
// are exceptions that each plant adds for each year.
func Presets(zone string) []Preset {
	early := WorkShift{ID: "early", Name: text.Text{Zh: "早班", En: "Early"}, Start: "08:00", End: "16:00"}
	late := WorkShift{ID: "late", Name: text.Text{Zh: "中班", En: "Late"}, Start: "16:00", End: "00:00"}
	night := WorkShift{ID: "night", Name: text.Text{Zh: "夜班", En: "Night"}, Start: "00:00", End: "08:00"}
	three := []WorkShift{early, late, night}
	two := []WorkShift{
		{ID: "day", Name: text.Text{Zh: "白班", En: "Day"}, Start: "08:00", End: "20:00"},
		{ID: "night", Name: text.Text{Zh: "夜班", En: "Night"}, Start: "20:00", End: "08:00"},
	}
	office := []WorkShift{{ID: "day", Name: text.Text{Zh: "白班", En: "Day"}, Start: "08:00", End: "17:00"}}
	return []Preset{
		{
			"day", text.Text{Zh: "单白班", En: "One day shift"},
			text.Text{Zh: "周一至周五 8:00–17:00", En: "Monday to Friday, 8:00 to 17:00"},
			Definition{Zone: zone, Patterns: []Pattern{{Shifts: office, Week: workdays(Turn{Shift: "day"})}}},
		}, {
			"two-shifts", text.Text{Zh: "两班制", En: "Two shifts"},
			text.Text{Zh: "每天 8:00–20:00、20:00–8:00，生产日从 8:00 起", En: "Every day 8:00 to 20:00 and 20:00 to 8:00; days from 8:00"},
			Definition{Zone: zone, DayStart: "08:00", Patterns: []Pattern{{Shifts: two, Cycle: &Cycle{Days: [][]Turn{{{Shift: "day"}, {Shift: "night"}}}}}}},
		}, {
			"three-shifts", text.Text{Zh: "三班制", En: "Three shifts"},
			text.Text{Zh: "每天 8:00–16:00、16:00–24:00、0:00–8:00，生产日从 8:00 起", En: "Every day 8:00 to 16:00, 16:00 to 24:00 and 0:00 to 8:00; days from 8:00"},
			Definition{Zone: zone, DayStart: "08:00", Patterns: []Pattern{{Shifts: three, Cycle: &Cycle{Days: [][]Turn{{{Shift: "early"}, {Shift: "late"}, {Shift: "night"}}}}}}},
		}, {
			"four-crews", text.Text{Zh: "四班三运转", En: "Four crews on three shifts"},
			text.Text{
				Zh: "四个班组轮流上三个班次，各班组八天一轮：两早、两中、两夜、两休；生产日从 8:00 起。请把循环第一天改为甲班上第一个早班的日期",
				En: "Four crews take turns at three shifts; each works two early, two late, two night and has two days off, in eight days; days from 8:00. Set the first day of the cycle to crew A's first early shift",
			},
			Definition{Zone: zone, DayStart: "08:00", Patterns: []Pattern{{Shifts: three, Crews: fourCrews(), Cycle: &Cycle{First: "2026-01-01", Days: rota()}}}},
		},
	}
}

func workdays(t Turn) map[string][]Turn {
	week := map[string][]Turn{}
	for _, d := range weekdays[:5] {
		week[d] = []Turn{t}
	}
	return week
}

func fourCrews() []Crew {
	return []Crew{
		{"a", text.Text{Zh: "甲班", En: "Crew A"}}, {"b", text.Text{Zh: "乙班", En: "Crew B"}},
		{"c", text.Text{Zh: "丙班", En: "Crew C"}}, {"d", text.Text{Zh: "丁班", En: "Crew D"}},
	}
}

// rota is two early, two late, two night shifts and two days off for each of four crews, each two days behind the one
// before it, so that every shift of every day has one crew.
func rota() [][]Turn {
	order := []string{"early", "early", "late", "late", "night", "night", "", ""}
	days := make([][]Turn, len(order))
	for i := range days {
		for _, shift := range []string{"early", "late", "night"} {
			for k, crew := range fourCrews() {
				if order[(i+len(order)-2*k)%len(order)] == shift {
					days[i] = append(days[i], Turn{shift, crew.ID})
				}
			}
		}
	}
	return days
}
