package promql

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"jingwei/internal/kernel/text"
)

// Reasons why a parameter is refused.
var (
	noTime     = text.Text{Zh: "不是时间；请用 RFC 3339 或 Unix 秒", En: "is no time; write RFC 3339 or Unix seconds"}
	noDuration = text.Text{Zh: "不是时长；请用秒数或如 5m、1h30m 的写法", En: "is no length of time; write seconds or such as 5m or 1h30m"}
	notLonger  = text.Text{Zh: "必须大于零", En: "must be greater than zero"}
	tooShort   = text.Text{Zh: "太短；最短 1 毫秒", En: "is too short; the shortest is one millisecond"}
	noCount    = text.Text{Zh: "必须是不小于零的整数", En: "must be a whole number that is not negative"}
	endsBefore = text.Text{Zh: "早于开始时间", En: "is before the start"}
	noLabel    = text.Text{Zh: "不是标签名", En: "is no label's name"}
	noMatch    = text.Text{Zh: "至少要给一个 match[]", En: "is missing; give at least one match[]"}
	allMatch   = text.Text{Zh: "至少要有一个不匹配空值的条件", En: "must contain at least one matcher that does not fit the empty string"}
)

func refuse(name, value string, reason text.Text) error {
	return ErrParameter.At("query."+name, value).With("name", name).With("reason", reason)
}

// The times that stand for no bound (Prometheus' own).
var (
	minTime          = time.Unix(math.MinInt64/1000+62135596801, 0).UTC()
	maxTime          = time.Unix(math.MaxInt64/1000-62135596801, 999999999).UTC()
	minTimeFormatted = minTime.Format(time.RFC3339Nano)
	maxTimeFormatted = maxTime.Format(time.RFC3339Nano)
)

// timeOf reads a time: RFC 3339, or seconds since 1970 with a fraction.
func timeOf(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	s := r.Form.Get(name)
	switch s {
	case "":
		if otherwise.IsZero() {
			return otherwise, refuse(name, s, noTime)
		}
		return otherwise, nil
	case minTimeFormatted:
		return minTime, nil
	case maxTimeFormatted:
		return maxTime, nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if math.IsNaN(f) || f < float64(minTime.Unix()) || f > float64(maxTime.Unix()) {
			return time.Time{}, refuse(name, s, noTime)
		}
		sec, frac := math.Modf(f)
		frac = math.Round(frac*1000) / 1000
		return time.Unix(int64(sec), int64(frac*float64(time.Second))).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Time{}, refuse(name, s, noTime)
}

// spanOf reads start and end where they may be left out.
func spanOf(r *http.Request) (start, end time.Time, err error) {
	if start, err = timeOf(r, "start", minTime); err != nil {
		return
	}
	if end, err = timeOf(r, "end", maxTime); err == nil && end.Before(start) {
		err = refuse("end", r.Form.Get("end"), endsBefore)
	}
	return
}

// durationOf reads a length of time; ok is false where it is left out.
func durationOf(r *http.Request, name string) (d time.Duration, ok bool, err error) {
	s := r.Form.Get(name)
	if s == "" {
		return 0, false, nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		f *= float64(time.Second)
		if math.IsNaN(f) || f >= math.MaxInt64 || f <= math.MinInt64 {
			return 0, false, refuse(name, s, noDuration)
		}
		d = time.Duration(f)
	} else if m, err := model.ParseDuration(s); err == nil {
		d = time.Duration(m)
	} else {
		return 0, false, refuse(name, s, noDuration)
	}
	if d <= 0 {
		return 0, false, refuse(name, s, notLonger)
	}
	return d, true, nil
}

// countOf reads a number of things; 0 is no limit.
func countOf(r *http.Request, name string) (int, error) {
	s := r.Form.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, refuse(name, s, noCount)
	}
	return n, nil
}

// matchOf reads the selectors of match[].
func (a *asking) matchOf(r *http.Request) ([][]*labels.Matcher, error) {
	all, err := a.parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		return nil, &queryError{parameter: "match[]", err: err}
	}
next:
	for i, one := range all {
		for _, m := range one {
			if !m.Matches("") {
				continue next
			}
		}
		return nil, refuse("match[]", r.Form["match[]"][i], allMatch)
	}
	return all, nil
}
