package calendar

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"jingwei/internal/kernel/text"
)

var (
	clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	idForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,29}$`)
	weekdays  = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
)

const monday = 4 // 1970-01-05, in days since 1970-01-01

// checker gathers faults while a definition is worked out.
type checker struct {
	b      *book
	faults Faults
}

func (c *checker) bad(field string, value any, zh, en string) {
	if len(c.faults) < 50 { // more help nobody
		c.faults = append(c.faults, Fault{field, fmt.Sprint(value), text.Text{Zh: zh, En: en}})
	}
}

func (c *checker) many(field string, n, limit int) bool {
	if n > limit {
		c.bad(field, n, fmt.Sprintf("最多 %d 项，请减少", limit), fmt.Sprintf("at most %d fit; leave some out", limit))
	}
	return n > limit
}

// clock reads a time of day, in minutes.
func (c *checker) clock(field, s string) int64 {
	if !clockForm.MatchString(s) {
		c.bad(field, s, "不是时刻；请按 24 小时制填写，如 08:00，从 00:00 到 23:59", "is not a time of day; write it as 08:00, from 00:00 to 23:59")
		return 0
	}
	return int64(s[0]-'0')*600 + int64(s[1]-'0')*60 + int64(s[3]-'0')*10 + int64(s[4]-'0')
}

// date reads a date, in days since 1970-01-01.
func (c *checker) date(field, s string) int64 {
	t, err := time.Parse(dateForm, s)
	if err != nil || t.Year() < firstYear || t.Year() >= lastYear {
		c.bad(field, s, fmt.Sprintf("不是日期；请填写如 2026-11-22，从 %d 年到 %d 年", firstYear, lastYear-1),
			fmt.Sprintf("is not a date; write it as 2026-11-22, from %d to %d", firstYear, lastYear-1))
		return 0
	}
	return div(t.Unix(), 86400)
}

func (c *checker) name(field string, t text.Text) {
	if err := t.Check(maxName); err != nil {
		c.bad(field, t.In("en"), fmt.Sprintf("须填写中文或英文名称，每种不超过 %d 个字符，且不含控制字符", maxName), err.Error())
	}
}

func (c *checker) id(field, s string) {
	if !idForm.MatchString(s) {
		c.bad(field, s, "应为 1 到 30 个字母、数字、- 或 _", "is not an id; write 1 to 30 letters, digits, - or _")
	}
}

// compile works a definition out and brings it into its canonical form, without touching what was given.
func compile(d Definition) (*book, Faults) {
	c := &checker{b: &book{exceptions: map[int64]exception{}, monthStart: 1}}
	c.b.given = Definition{Zone: d.Zone}
	var wrong *text.Text
	if c.b.zone, wrong = loadZone(d.Zone); wrong != nil {
		c.bad("zone", d.Zone, wrong.Zh, wrong.En)
	}
	if d.DayStart != "" {
		if c.b.dayStart = c.clock("dayStart", d.DayStart); c.b.dayStart > 0 {
			c.b.given.DayStart = d.DayStart
		}
	}
	switch {
	case d.MonthStart < 0 || d.MonthStart > 28:
		c.bad("monthStart", d.MonthStart, "应为 1 到 28 日，每个月都有的日子", "want a day that every month has, 1 to 28")
	case d.MonthStart > 1:
		c.b.monthStart, c.b.given.MonthStart = int64(d.MonthStart), d.MonthStart
	}
	if c.many("patterns", len(d.Patterns), MaxPatterns) || c.many("exceptions", len(d.Exceptions), MaxExceptions) {
		return nil, c.faults
	}
	c.b.patterns = make([]pattern, 0, len(d.Patterns))
	for i := range d.Patterns {
		c.pattern(i, d.Patterns[i])
	}
	if len(c.faults) == 0 {
		c.exceptions(d.Exceptions)
	}
	return c.b, c.faults
}

// pattern works out one pattern.
func (c *checker) pattern(i int, g Pattern) {
	at := fmt.Sprintf("patterns[%d]", i)
	p := pattern{from: math.MinInt64}
	if g.From != "" {
		p.from = c.date(at+".from", g.From)
	}
	switch {
	case g.From == "" && i > 0:
		c.bad(at+".from", "", "请填写开始日期；只有第一个模式可以不填", "give the first date; only the first pattern may leave it out")
	case i > 0 && p.from <= c.b.patterns[i-1].from:
		c.bad(at+".from", g.From, "应晚于前一个模式的开始日期", "must be later than that of the pattern before it")
	}
	own := &Pattern{From: g.From, Shifts: slices.Clone(g.Shifts), Crews: slices.Clone(g.Crews)}
	p.given = own
	p.spans = c.shifts(at, own)
	c.crews(at, own)
	switch {
	case g.Week != nil && g.Cycle != nil:
		c.bad(at+".cycle", "", "week 与 cycle 只能填写一项", "give week or cycle, not both")
	case g.Week != nil:
		p.first, p.week, p.days = monday, true, make([][]turn, 7)
		own.Week = map[string][]Turn{}
		for _, name := range sorted(g.Week) {
			day := slices.Index(weekdays, name)
			if day < 0 {
				c.bad(at+".week", name, "应为 mon、tue、wed、thu、fri、sat 或 sun", "is not a weekday; use mon, tue, wed, thu, fri, sat or sun")
				continue
			}
			p.days[day] = c.turns(at+".week."+name, own, p.spans, g.Week[name])
			if len(p.days[day]) > 0 {
				own.Week[name] = turnsOf(p.days[day])
			}
		}
	case g.Cycle != nil:
		c.cycle(at+".cycle", &p, g.Cycle)
	}
	c.overlaps(at, &p)
	c.b.patterns = append(c.b.patterns, p)
	c.b.given.Patterns = append(c.b.given.Patterns, *own)
}

// shifts checks a pattern's shifts and returns their spans from midnight of the production day's date.
func (c *checker) shifts(at string, p *Pattern) map[string]turn {
	spans := map[string]turn{}
	if c.many(at+".shifts", len(p.Shifts), MaxShifts) {
		return spans
	}
	for i := range p.Shifts {
		s, field := &p.Shifts[i], fmt.Sprintf("%s.shifts[%d]", at, i)
		c.id(field+".id", s.ID)
		if _, ok := spans[s.ID]; ok {
			c.bad(field+".id", s.ID, "同一模式中已有此班次，请换一个", "is another shift of the pattern; choose a different id")
		}
		c.name(field+".name", s.Name)
		t := turn{start: c.clock(field+".start", s.Start), shift: s}
		length := int64(0)
		switch {
		case (s.End == "") == (s.Length == ""):
			c.bad(field+".end", s.End, "请填写 end 或 length 中的一项", "give either end or length")
		case s.End != "":
			if length = mod(c.clock(field+".end", s.End)-t.start, 1440); length == 0 {
				length = 1440
			}
		default:
			d, err := time.ParseDuration(s.Length)
			if err != nil || d <= 0 || d > 24*time.Hour || d%time.Minute != 0 {
				c.bad(field+".length", s.Length, "应为整分钟的时长，如 8h 或 7h30m，最长 24h", "is not a length in whole minutes; write it as 8h or 7h30m, at most 24h")
			}
			length = int64(d / time.Minute)
		}
		if t.start < c.b.dayStart {
			t.start += 1440
		}
		t.end = t.start + length
		s.End, s.Length = fmt.Sprintf("%02d:%02d", t.end/60%24, t.end%60), ""
		spans[s.ID] = t
	}
	return spans
}

func (c *checker) crews(at string, p *Pattern) {
	if c.many(at+".crews", len(p.Crews), MaxCrews) {
		return
	}
	seen := map[string]bool{}
	for i, x := range p.Crews {
		field := fmt.Sprintf("%s.crews[%d]", at, i)
		c.id(field+".id", x.ID)
		if seen[x.ID] {
			c.bad(field+".id", x.ID, "同一模式中已有此班组，请换一个", "is another crew of the pattern; choose a different id")
		}
		seen[x.ID] = true
		c.name(field+".name", x.Name)
	}
}

func (c *checker) cycle(at string, p *pattern, g *Cycle) {
	own := &Cycle{Days: make([][]Turn, len(g.Days))}
	p.given.Cycle = own
	switch {
	case len(g.Days) == 0:
		c.bad(at+".days", 0, "至少填写一天；空的一天表示休息", "needs at least one day; an empty day is off")
		return
	case c.many(at+".days", len(g.Days), MaxCycle):
		return
	case g.First != "":
		p.first = c.date(at+".first", g.First)
	case p.from != math.MinInt64:
		p.first = p.from
	case len(g.Days) > 1:
		c.bad(at+".first", "", "请填写循环第一天的日期", "give a date that is the first of the cycle")
	}
	own.First = date(p.first).Format(dateForm)
	if len(g.Days) == 1 {
		p.first, own.First = 0, "" // every day is the first
	}
	p.days = make([][]turn, len(g.Days))
	for i, turns := range g.Days {
		p.days[i] = c.turns(fmt.Sprintf("%s.days[%d]", at, i), p.given, p.spans, turns)
		own.Days[i] = turnsOf(p.days[i])
	}
}

// turns works out the turns of one day, by start.
func (c *checker) turns(at string, p *Pattern, spans map[string]turn, given []Turn) []turn {
	if c.many(at, len(given), MaxShifts) {
		return nil
	}
	out := make([]turn, 0, len(given))
	for i, g := range given {
		t, ok := spans[g.Shift]
		if !ok {
			c.bad(fmt.Sprintf("%s[%d].shift", at, i), g.Shift, "该模式没有这个班次；请填写 shifts 中的 id", "is no shift of the pattern; write the id of one of its shifts")
			continue
		}
		if g.Crew != "" {
			j := slices.IndexFunc(p.Crews, func(x Crew) bool { return x.ID == g.Crew })
			if j < 0 {
				c.bad(fmt.Sprintf("%s[%d].crew", at, i), g.Crew, "该模式没有这个班组；请填写 crews 中的 id", "is no crew of the pattern; write the id of one of its crews")
				continue
			}
			t.crew = &p.Crews[j]
		}
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b turn) int { return int(a.start - b.start) })
	for i := 1; i < len(out); i++ {
		c.apart(at, out[i-1], out[i], 0)
	}
	return out
}

// overlaps checks that no shift of a pattern runs into one of the next day.
func (c *checker) overlaps(at string, p *pattern) {
	for i, today := range p.days {
		if next := p.days[(i+1)%len(p.days)]; len(today) > 0 && len(next) > 0 {
			c.apart(at, today[len(today)-1], next[0], 1440)
		}
	}
}

func (c *checker) apart(at string, a, b turn, later int64) {
	if a.end > b.start+later {
		c.bad(at, a.shift.ID+", "+b.shift.ID, fmt.Sprintf("班次 %s（到 %s）与之后的 %s（从 %s 起）重叠；请错开，或合为一个班次", a.shift.ID, a.shift.End, b.shift.ID, b.shift.Start),
			fmt.Sprintf("shift %s (until %s) overlaps the following %s (from %s); set them apart, or make them one shift", a.shift.ID, a.shift.End, b.shift.ID, b.shift.Start))
	}
}

// exceptions works out the exceptions, one by one and sorted by date.
func (c *checker) exceptions(given []Exception) {
	type dated struct {
		Exception
		day int64
	}
	var all []dated
	taken := map[int64]exception{} // apart from b.exceptions: what As names is worked by its pattern
	for i, x := range given {
		at := fmt.Sprintf("exceptions[%d]", i)
		first := c.date(at+".date", x.Date)
		last := first
		if x.Last != "" {
			if last = c.date(at+".last", x.Last); last < first || last-first >= maxSpan {
				c.bad(at+".last", x.Last, fmt.Sprintf("应不早于 date，且最多 %d 天", maxSpan), fmt.Sprintf("must not be before date, and at most %d days", maxSpan))
				continue
			}
			if last == first {
				x.Last = ""
			}
		}
		if !x.Name.IsZero() {
			c.name(at+".name", x.Name)
		}
		for day := first; day <= last; day++ {
			if _, ok := taken[day]; ok {
				c.bad(at+".date", date(day).Format(dateForm), "该日期已有例外，请只保留一项", "has an exception already; keep one of them")
				break
			}
			e := exception{name: x.Name, turns: c.instead(at, &x, day)}
			if len(x.Turns) > 0 {
				x.Turns = turnsOf(e.turns)
			}
			taken[day] = e
			if len(c.faults) > 0 {
				break // the other days of the row have the same fault
			}
		}
		all = append(all, dated{x, first})
	}
	slices.SortFunc(all, func(a, b dated) int { return int(a.day - b.day) })
	for _, x := range all {
		c.b.given.Exceptions = append(c.b.given.Exceptions, x.Exception)
	}
	c.b.exceptions = taken
}

// instead is what is worked on a day by an exception.
func (c *checker) instead(at string, x *Exception, day int64) []turn {
	n := 0
	for _, given := range []bool{x.Off, x.As != "", len(x.Turns) > 0} {
		if given {
			n++
		}
	}
	if n != 1 {
		c.bad(at, x.Date, "请填写 off、as、turns 中的一项", "give exactly one of off, as and turns")
		return nil
	}
	p := c.b.pattern(day)
	switch {
	case x.Off:
		return nil
	case len(x.Turns) > 0:
		if p == nil {
			c.bad(at+".turns", x.Date, "当时还没有任何模式，没有班次可用", "no pattern holds on that date, so that there are no shifts to use")
			return nil
		}
		return c.turns(at+".turns", p.given, p.spans, x.Turns)
	}
	if i := slices.Index(weekdays, strings.ToLower(x.As)); i >= 0 {
		if p == nil || !p.week {
			c.bad(at+".as", x.As, "该日期的模式不按星期；请填写一个日期", "the pattern of that date does not go by the week; write a date instead")
			return nil
		}
		x.As = weekdays[i]
		return p.days[i]
	}
	like := c.date(at+".as", x.As)
	if p = c.b.pattern(like); p == nil {
		return nil
	}
	return p.on(like)
}

func turnsOf(turns []turn) []Turn {
	out := make([]Turn, len(turns))
	for i, t := range turns {
		out[i].Shift = t.shift.ID
		if t.crew != nil {
			out[i].Crew = t.crew.ID
		}
	}
	return out
}

func sorted(m map[string][]Turn) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
