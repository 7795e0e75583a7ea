package quality

import (
	"math/big"

	"jingwei/internal/kernel/text"
)

// Rule names one of the rules.
type Rule string

// The rules, in the order in which they are told.
const (
	Completeness Rule = "completeness"
	Deviation    Rule = "deviation"
	Daily        Rule = "daily"
	Monthly      Rule = "monthly"
)

// Status is what a rule comes to.
type Status string

// The statuses.
const (
	Met     Status = "met"
	Missed  Status = "missed"
	Unknown Status = "unknown"
)

// Reason is why a rule is not judged, or what it was missed by.
type Reason string

// The reasons.
const (
	NoMeters   Reason = "no-meters"   // no main meter is named for any day of the month so far
	NothingDue Reason = "nothing-due" // no hour, or no day, of the month has ended
	NotOver    Reason = "not-over"    // the month, with what is to be waited for
	NoReport   Reason = "no-report"   // nothing is declared for exactly the month
	Ambiguous  Reason = "ambiguous"   // several reports that differ
	WrongUnit  Reason = "wrong-unit"  // the report is in no unit of energy
	ZeroReport Reason = "zero-report" // no deviation from nothing
	NoConsent  Reason = "no-consent"  // the report was not granted to the caller
	NoCounter  Reason = "no-counter"  // a main meter is not said to be a counter
	NoEdge     Reason = "no-edge"     // a main meter was not read around begin or end of the month
	NotNamed   Reason = "not-named"   // on some days no main meter is named
	Expired    Reason = "expired"     // samples are gone, and with them when they came
	Early      Reason = "early"       // the report came before the window
	Late       Reason = "late"        // the report came after the window
	Damaged    Reason = "damaged"     // samples cannot be read
	OverReport Reason = "over-report" // what was counted is already too much above the report
	Below      Reason = "below"       // hours are missing
	NotInTime  Reason = "not-in-time" // days came late, or their last hour never
	Deviates   Reason = "deviates"    // by more than the limit
)

var reasonWords = map[Reason]text.Text{
	NoMeters:   {Zh: "本月还没有指定总表", En: "No main meter is named for this month"},
	NothingDue: {Zh: "还没有到期的数据", En: "Nothing is due yet"},
	NotOver:    {Zh: "本月尚未结束", En: "The month is not over yet"},
	NoReport:   {Zh: "没有本月的用电量月报", En: "There is no report of the month's electricity"},
	Ambiguous:  {Zh: "本月有多份不一致的月报", En: "There are several reports that differ"},
	WrongUnit:  {Zh: "月报的计量单位不是能量单位", En: "The report is in no unit of energy"},
	ZeroReport: {Zh: "月报为零，无法计算偏差", En: "The report is zero, so there is no deviation"},
	NoConsent:  {Zh: "企业未授权查看月报", En: "The enterprise has not granted its report"},
	NoCounter:  {Zh: "有总表未设为计数器，用电量未知", En: "A main meter is not set as a counter, so what it counted is unknown"},
	NoEdge:     {Zh: "有总表在月初前或月末没有读数，当月用电量未知", En: "A main meter was not read around begin or end of the month, so the month's sum is unknown"},
	NotNamed:   {Zh: "有的日期没有指定总表", En: "On some days no main meter is named"},
	Expired:    {Zh: "样本已过保存期，到达时间不再可知", En: "The samples have expired, and with them when they came"},
	Early:      {Zh: "月报早于窗口", En: "The report came before the window"},
	Late:       {Zh: "月报晚于窗口或未到", En: "The report came after the window, or not at all"},
	Damaged:    {Zh: "样本文件损坏，无法读取", En: "Samples are damaged and cannot be read"},
	OverReport: {Zh: "已采到的用电量已超出月报", En: "What was counted is already above the report"},
	Below:      {Zh: "采到的小时数不足", En: "Too many hours are missing"},
	NotInTime:  {Zh: "有的日数据迟到或未到", En: "Days came late, or not at all"},
	Deviates:   {Zh: "偏差超过限值", En: "The deviation is above the limit"},
}

// Text says the reason in words.
func (r Reason) Text() text.Text { return reasonWords[r] }

// Verdict is what a rule comes to.
type Verdict struct {
	Rule   Rule
	Status Status
	Reason Reason   // why it is unknown or missed; "" where it is met
	Value  *big.Rat // share of 1 (completeness, daily in time, deviation with its sign); nil: not known
	Part   *big.Rat // of its weight, 0 to 1; nil: not known
	Weight int
}

// sums are what the meters of an enterprise have of a month, as far as it has passed.
type sums struct {
	meters           int    // main meters of some day
	expected, actual int    // hours due and received
	days, inTime     int    // days of meters whose arrival is judged, and of these in time
	expired          bool   // of some days it is not known any more when they came
	damaged          bool   // some samples cannot be read
	over             bool   // the month has ended, and the edge after it
	wattHours        int64  // of the days that are known, added
	counted          bool   // some are
	carried          bool   // they may hold what was counted before the month, because a meter was not read around its begin
	lack             Reason // why they are not the month's sum; "" where they are
	report           report
	end              int64 // of the month, ns
	now              int64
}

// judge finds what each rule comes to.
func judge(r *Rules, s *sums) [4]Verdict {
	return [4]Verdict{s.completeness(r), s.deviation(r), s.daily(r), s.monthly(r)}
}

func unknown(rule Rule, weight int, why Reason) Verdict {
	return Verdict{Rule: rule, Status: Unknown, Reason: why, Weight: weight}
}

func (s *sums) completeness(r *Rules) Verdict {
	w := r.Completeness.Weight
	switch {
	case s.meters == 0:
		return unknown(Completeness, w, NoMeters)
	case s.damaged:
		return unknown(Completeness, w, Damaged)
	case s.expected == 0:
		return unknown(Completeness, w, NothingDue)
	}
	share := big.NewRat(int64(s.actual), int64(s.expected))
	v := Verdict{Rule: Completeness, Status: Met, Value: share, Part: share, Weight: w}
	if share.Cmp(r.atLeast) < 0 {
		v.Status, v.Reason = Missed, Below
	}
	return v
}

func (s *sums) daily(r *Rules) Verdict {
	w := r.Daily.Weight
	switch {
	case s.meters == 0:
		return unknown(Daily, w, NoMeters)
	case s.damaged:
		return unknown(Daily, w, Damaged)
	case s.days == 0 && s.expired:
		return unknown(Daily, w, Expired)
	case s.days == 0:
		return unknown(Daily, w, NothingDue)
	}
	share := big.NewRat(int64(s.inTime), int64(s.days))
	v := Verdict{Rule: Daily, Status: Met, Value: share, Part: share, Weight: w}
	if s.inTime < s.days {
		v.Status, v.Reason = Missed, NotInTime
	} else if s.expired { // the days that are known were in time; of the others it cannot be said
		return unknown(Daily, w, Expired)
	}
	return v
}

func (s *sums) monthly(r *Rules) Verdict {
	w := r.Monthly.Weight
	window := int64(r.Monthly.Within) * int64(dayLength)
	v := Verdict{Rule: Monthly, Status: Met, Part: big.NewRat(1, 1), Weight: w}
	missed := func(why Reason) Verdict {
		v.Status, v.Reason, v.Part = Missed, why, new(big.Rat)
		return v
	}
	switch f := &s.report; {
	case f.lack == NoConsent:
		return unknown(Monthly, w, NoConsent)
	case f.came != 0 && f.came < s.end-window:
		return missed(Early)
	case f.came != 0 && f.came > s.end+window:
		return missed(Late)
	case f.came != 0:
		return v
	case s.now <= s.end+window:
		return unknown(Monthly, w, NotOver)
	}
	return missed(Late)
}

func (s *sums) deviation(r *Rules) Verdict {
	w := r.Deviation.Weight
	switch {
	case s.meters == 0:
		return unknown(Deviation, w, NoMeters)
	case s.damaged:
		return unknown(Deviation, w, Damaged)
	case s.report.lack != "":
		if !s.over && s.report.lack == NoReport {
			return unknown(Deviation, w, NotOver)
		}
		return unknown(Deviation, w, s.report.lack)
	case s.report.wattHours.Sign() <= 0:
		return unknown(Deviation, w, ZeroReport)
	}
	off := new(big.Rat).SetInt64(s.wattHours)
	off.Sub(off, s.report.wattHours).Quo(off, s.report.wattHours)
	above := off.Cmp(r.atMost) > 0
	switch {
	case s.counted && above && !s.carried && (!s.over || s.lack != ""):
		// What is missing can only make it more.
		return Verdict{Rule: Deviation, Status: Missed, Reason: OverReport, Value: off, Part: r.slope(off), Weight: w}
	case !s.over:
		return unknown(Deviation, w, NotOver)
	case s.lack != "":
		return unknown(Deviation, w, s.lack)
	}
	v := Verdict{Rule: Deviation, Status: Met, Value: off, Part: r.slope(off), Weight: w}
	if new(big.Rat).Abs(off).Cmp(r.atMost) > 0 {
		v.Status, v.Reason = Missed, Deviates
	}
	return v
}

// slope is the part of the score that a deviation leaves: all up to the limit, nothing from zeroAt on.
func (r *Rules) slope(off *big.Rat) *big.Rat {
	abs := new(big.Rat).Abs(off)
	switch {
	case abs.Cmp(r.atMost) <= 0:
		return big.NewRat(1, 1)
	case abs.Cmp(r.zeroAt) >= 0:
		return new(big.Rat)
	}
	left := new(big.Rat).Sub(r.zeroAt, abs)
	return left.Quo(left, new(big.Rat).Sub(r.zeroAt, r.atMost))
}

// Score is 100 · Σ weight · part / Σ weight over the rules that are known, in tenths, rounded half up; known is their weight.
// False where completeness is not known: without it there is no score of data.
func Score(verdicts [4]Verdict) (tenths, known int, ok bool) {
	if verdicts[0].Part == nil {
		return 0, 0, false
	}
	sum := new(big.Rat)
	for i := range verdicts {
		if v := &verdicts[i]; v.Part != nil {
			known += v.Weight
			sum.Add(sum, new(big.Rat).Mul(v.Part, big.NewRat(int64(v.Weight), 1)))
		}
	}
	n, _ := whole(sum.Mul(sum, big.NewRat(1000, int64(known))))
	return int(n), known, true
}
