package gs1

// number reads two or four digits that were looked at before.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// lintYyyymmdd wants a date of the Gregorian calendar.
func lintYyyymmdd(s string) flaw { return date(s, number(s[:4]), 4, false) }

// lintYymmdd wants a date. Whichever century is meant (General Specifications, section 7.12), years that four divides are leap years:
// of the years with two noughts only 2000 can be meant before 2050.
func lintYymmdd(s string) flaw { return date(s, 2000+number(s[:2]), 2, false) }

// lintYymmd0 takes day 00 for the last of the month.
func lintYymmd0(s string) flaw { return date(s, 2000+number(s[:2]), 2, true) }

func date(s string, year, at int, noDay bool) flaw {
	month, day := number(s[at:at+2]), number(s[at+2:at+4])
	if month < 1 || month > 12 {
		return flaw{RuleMonth, at, 2}
	}
	if day > daysIn(year, month) || day == 0 && !noDay {
		return flaw{RuleDay, at + 2, 2}
	}
	return flaw{}
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func lintHh(s string) flaw { return below(s, 0, 24, RuleHour) }
func lintMi(s string) flaw { return below(s, 0, 60, RuleMinute) }
func lintSs(s string) flaw { return below(s, 0, 60, RuleSecond) }

func lintHhmi(s string) flaw {
	if f := below(s, 0, 24, RuleHour); f.rule != "" {
		return f
	}
	return below(s, 2, 60, RuleMinute)
}

func below(s string, at, limit int, rule Rule) flaw {
	if number(s[at:at+2]) >= limit {
		return flaw{rule, at, 2}
	}
	return flaw{}
}
