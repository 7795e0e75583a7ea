package field

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// China is the civil time of law and of registers: Beijing time, UTC+8, without summer time.
var China = time.FixedZone("Asia/Shanghai", 8*60*60)

// Day is the start of a civil day, in nanoseconds since 1970-01-01 UTC.
func Day(date string) (int64, bool) {
	t, err := time.ParseInLocation(time.DateOnly, date, China)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 || t.Format(time.DateOnly) != date {
		return 0, false
	}
	return t.UnixNano(), true
}

// NextDay is the start of the day behind it.
func NextDay(date string) (int64, bool) {
	at, ok := Day(date)
	return at + int64(24*time.Hour), ok
}

// DateOf is the civil day of an instant.
func DateOf(at int64) string { return time.Unix(0, at).In(China).Format(time.DateOnly) }

// Instant is when a value of a date or time field is; for a date the start of the day.
func (f *Field) Instant(v any) (int64, bool) {
	s, ok := v.(string)
	switch {
	case !ok:
		return 0, false
	case f.Type == Date:
		return Day(s)
	case f.Type == Time:
		t, err := time.Parse(time.RFC3339Nano, s)
		return t.UnixNano(), err == nil
	}
	return 0, false
}

// Number is a value as a whole number by which it is searched and summed: integer, fen, last places of a decimal, 0 or 1 of a
// boolean, nanoseconds of a date or time.
func (f *Field) Number(v any) (int64, bool) {
	switch f.Type {
	case Integer, Money:
		n, ok := v.(int64)
		return n, ok
	case Decimal:
		s, ok := v.(string)
		if !ok {
			return 0, false
		}
		n, err := parseUnits(s, f.Places)
		return n, err == nil
	case Boolean:
		b, ok := v.(bool)
		if b {
			return 1, ok
		}
		return 0, ok
	}
	return f.Instant(v)
}

// Summable tells whether values can be added.
func (f *Field) Summable() bool { return f.Type == Integer || f.Type == Decimal || f.Type == Money }

// bad makes a fault of this field.
func (f *Field) bad(path string, value any, code, zh, en, mendZh, mendEn string) *Fault {
	return &Fault{Path: path, Name: f.Name, Value: clip(fmt.Sprint(value)), Code: code, Text: text.Text{Zh: zh, En: en}, Mend: text.Text{Zh: mendZh, En: mendEn}}
}

func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}

// value reads one value from JSON (decoded with numbers kept as json.Number) into canonical form.
func (f *Field) value(path string, v any) (any, *Fault) {
	wrong := func(zh, en string) *Fault {
		shown := v
		switch v.(type) {
		case map[string]any, []any:
			shown = "{…}"
		}
		return f.bad(path, shown, "type", "应为"+zh, "should be "+en, "请改为"+zh, "Give "+en)
	}
	switch f.Type {
	case Text, Choice, Org, Date, Time:
		s, ok := v.(string)
		if !ok {
			return nil, wrong("文字", "a text")
		}
		return f.word(path, strings.TrimSpace(s))
	case Boolean:
		b, ok := v.(bool)
		if !ok {
			return nil, wrong("true 或 false", "true or false")
		}
		return b, nil
	case Integer, Money:
		if y, ok := v.(yuan); ok {
			n, err := parseUnits(string(y), 2)
			if errors.Is(err, errPlaces) {
				return nil, f.bad(path, y, "places", "金额最多到分", "has more digits than fen", "请填写以元为单位、最多 2 位小数的数", "Give yuan with at most 2 digits behind the point")
			} else if err != nil {
				return nil, f.bad(path, y, "type", "不是金额", "is not an amount", "请填写以元为单位的数字，如 1234.56", "Give yuan as a number, such as 1234.56")
			}
			if fault := f.bounds(path, string(y), n); fault != nil {
				return nil, fault
			}
			return n, nil
		}
		n, ok := v.(json.Number)
		if !ok {
			if f.Type == Money {
				return nil, wrong("以分为单位的整数", "a whole number of fen")
			}
			return nil, wrong("整数", "a whole number")
		}
		return f.units(path, n.String())
	case Decimal:
		switch n := v.(type) {
		case json.Number:
			return f.units(path, n.String())
		case string:
			return f.units(path, strings.TrimSpace(n))
		}
		return nil, wrong("十进制数", "a decimal number")
	}
	return nil, wrong("列表", "a list")
}

// units reads a number; the canonical form of a decimal has all its places.
func (f *Field) units(path, s string) (any, *Fault) {
	n, err := parseUnits(s, f.Places)
	switch {
	case errors.Is(err, errPlaces) && f.Places == 0:
		return nil, f.bad(path, s, "places", "应为整数", "should be a whole number", "请去掉小数", "Leave the fraction out")
	case errors.Is(err, errPlaces):
		return nil, f.bad(path, s, "places", fmt.Sprintf("最多 %d 位小数", f.Places), fmt.Sprintf("has more than %d digits behind the point", f.Places),
			fmt.Sprintf("请保留 %d 位小数", f.Places), fmt.Sprintf("Give at most %d digits behind the point", f.Places))
	case errors.Is(err, errRange):
		return nil, f.bad(path, s, "range", "数值过大", "is too large", "请核对数值与单位", "Check the number and its unit")
	case err != nil:
		return nil, f.bad(path, s, "type", "不是数字", "is not a number", "请填写数字，如 12.5，不带单位", "Give a number such as 12.5, without a unit")
	}
	if fault := f.bounds(path, s, n); fault != nil {
		return nil, fault
	}
	if f.Type == Decimal {
		return FormatUnits(n, f.Places), nil
	}
	return n, nil
}

func (f *Field) bounds(path, s string, n int64) *Fault {
	for _, b := range []struct {
		bound  Number
		beyond func(limit int64) bool
		zh, en string
	}{
		{f.Min, func(l int64) bool { return n < l }, "不小于", "at least"},
		{f.Max, func(l int64) bool { return n > l }, "不大于", "at most"},
	} {
		if b.bound == "" {
			continue
		}
		limit, err := parseUnits(string(b.bound), f.Places)
		if err == nil && b.beyond(limit) {
			zh, en := string(b.bound), string(b.bound)
			if f.Type == Money {
				zh, en = FormatUnits(limit, 2)+" 元", FormatUnits(limit, 2)+" CNY"
			}
			return f.bad(path, s, "range", "应"+b.zh+" "+zh, "should be "+b.en+" "+en, "请填写"+b.zh+" "+zh+" 的数", "Give a number of "+b.en+" "+en)
		}
	}
	return nil
}

// word reads what is written as text.
func (f *Field) word(path, s string) (any, *Fault) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' || r == 0x7f }) {
		return nil, f.bad(path, s, "type", "含有控制字符或无法识别的编码", "holds control characters, or an encoding that is not understood", "请重新输入", "Type it again")
	}
	switch f.Type {
	case Choice:
		for _, o := range f.Options {
			if o.ID == s {
				return s, nil
			}
		}
		return nil, f.bad(path, s, "option", "不是可选项", "is not one of the choices", "请用 "+f.choices("zh")+" 之一", "Use one of "+f.choices("en"))
	case Org:
		id, err := uuid.Parse(s)
		if err != nil || id == uuid.Nil || len(s) != 36 {
			return nil, f.bad(path, s, "type", "不是组织的标识", "is not the id of an organisation", "请填写 UUID", "Give its UUID")
		}
		return id.String(), nil
	case Date:
		if _, ok := Day(s); !ok {
			return nil, f.bad(path, s, "type", "不是日期", "is not a date", "请按 2026-05-01 填写，1900 至 2199 年", "Write it as 2026-05-01, from 1900 to 2199")
		}
		return s, nil
	case Time:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || t.Year() < 1900 || t.Year() > 2199 {
			return nil, f.bad(path, s, "type", "不是时间", "is not a time", "请按 2026-05-01T08:00:00+08:00 填写", "Write it as 2026-05-01T08:00:00+08:00")
		}
		return t.UTC().Format(time.RFC3339Nano), nil
	}
	n := utf8.RuneCountInString(s)
	if n > f.length() || n < f.MinLength {
		zh, en := fmt.Sprintf("%d 至 %d 个字符", f.MinLength, f.length()), fmt.Sprintf("%d to %d characters", f.MinLength, f.length())
		return nil, f.bad(path, s, "length", fmt.Sprintf("有 %d 个字符，应为 %s", n, zh), fmt.Sprintf("has %d characters; %s fit", n, en), "请填写 "+zh, "Give "+en)
	}
	if f.Pattern != "" && !expression(f.Pattern).MatchString(s) {
		mendZh, mendEn := "请按格式 "+f.Pattern+" 填写", "Write it in the form "+f.Pattern
		if !f.Help.IsZero() {
			mendZh, mendEn = f.Help.In("zh"), f.Help.In("en")
		}
		return nil, f.bad(path, s, "pattern", "格式不对", "does not have the right form", mendZh, mendEn)
	}
	if check := Formats[f.Format]; check != nil {
		normal, fault, mend := check(s)
		if !fault.IsZero() {
			return nil, &Fault{Path: path, Name: f.Name, Value: clip(s), Code: "format", Text: fault, Mend: mend}
		}
		return normal, nil
	}
	return s, nil
}

// expressions are compiled once; packs have checked them.
var expressions sync.Map

func expression(pattern string) *regexp.Regexp {
	if e, ok := expressions.Load(pattern); ok {
		return e.(*regexp.Regexp)
	}
	e, err := regexp.Compile(whole(pattern))
	if err != nil {
		e = regexp.MustCompile(`^[^\s\S]$`) // a pattern that Check refuses matches nothing
	}
	expressions.Store(pattern, e)
	return e
}

func (f *Field) choices(lang string) string {
	var b strings.Builder
	for i, o := range f.Options {
		if i == 12 {
			b.WriteString(" …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(o.ID + " (" + o.Name.In(lang) + ")")
	}
	return b.String()
}

// shown is a canonical value as a person reads it in a fault.
func shown(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	}
	return fmt.Sprint(v)
}
