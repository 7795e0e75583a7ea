package indicator

import (
	"math/big"
	"time"

	"jingwei/internal/kernel/text"
)

// Standing tells what a target can be computed from on a node, by its definition alone.
type Standing struct {
	Is       string   `json:"is" enum:"computable,declared,waiting" doc:"computable: every input has a source that is no declaration; declared: some have only declarations; waiting: nothing on a node can say some yet"`
	Waits    []Waited `json:"waits" doc:"Inputs that nothing can say yet" nullable:"false"`
	Declared []Waited `json:"declared" doc:"Inputs that enterprises declare" nullable:"false"`
}

// Waited is an input, and for what it waits.
type Waited struct {
	Indicator string    `json:"indicator"`
	Input     string    `json:"input"`
	Name      text.Text `json:"name"`
	For       text.Text `json:"for,omitzero" doc:"What is waited for"`
}

// Standing is how well a definition can be computed, with what it rests on.
func (l *Library) Standing(d *Definition) Standing {
	out := Standing{Is: "computable", Waits: []Waited{}, Declared: []Waited{}}
	l.standing(d, &out, map[string]bool{})
	switch {
	case len(out.Waits) > 0:
		out.Is = "waiting"
	case len(out.Declared) > 0:
		out.Is = "declared"
	}
	return out
}

func (l *Library) standing(d *Definition, out *Standing, seen map[string]bool) {
	if seen[d.ID] {
		return
	}
	seen[d.ID] = true
	for i := range d.Inputs {
		in := &d.Inputs[i]
		x := Waited{Indicator: d.ID, Input: in.Key, Name: in.Name}
		declared, awaited := false, true
		for j := range in.From {
			s := &in.From[j]
			switch s.Kind() {
			case "awaits":
				x.For = s.Awaits
			case "declared":
				awaited, declared = false, true
			case "indicator":
				awaited = false
				l.standing(l.byID[s.Indicator], out, seen)
			default: // something of the node itself says it
				awaited, declared = false, false
			}
			if !awaited && !declared {
				break
			}
		}
		switch {
		case awaited:
			out.Waits = append(out.Waits, x)
		case declared:
			x.For = text.Text{}
			out.Declared = append(out.Declared, x)
		}
	}
}

// Statuses of a target on a day.
const (
	Reached = "reached"
	OnTrack = "on-track" // at or above the straight path
	Behind  = "behind"
	Overdue = "overdue"
	Pending = "open"     // not reached, and there is no path to judge by
	NoValue = "no-value" // not known
	Shown   = "measured" // no threshold
)

// Point is a value of a period in a trajectory.
type Point struct {
	Period Period
	Num    *big.Rat // nil: not known
}

// Judgement is where a target stands.
type Judgement struct {
	Status   string
	Gap      *big.Rat // what is missing to the target, in its unit; negative where it is exceeded. nil where nothing is compared
	Path     *big.Rat // what the straight path from baseline, or from the first known value, asks for on the day
	Forecast *big.Rat // the straight line through known values at the deadline
	NoPath   text.Text
	NoLine   text.Text
}

// Compared is the value that counts for a target: the reading itself, or of a change that the definition does not work out itself the
// change between baseline and now.
func Compared(t *Target, d *Definition, now, base *big.Rat) *big.Rat {
	if !t.Change() || d.Changes() || now == nil {
		return now
	}
	if base == nil || base.Sign() == 0 {
		return nil
	}
	out := new(big.Rat).Quo(now, base)
	if t.Comparator == MultiplyBy {
		return out
	}
	out.Sub(out, big.NewRat(1, 1)).Mul(out, big.NewRat(100, 1))
	if t.Comparator == DecreaseBy {
		out.Neg(out)
	}
	return out
}

// want is what must be reached: of a range its lower end.
func (t *Target) want() *big.Rat { return t.value[0] }

// Judge compares a value with a target on a day. past are earlier values, the oldest first. It is pure.
func Judge(t *Target, now *big.Rat, p Period, past []Point, on string) Judgement {
	out := Judgement{Status: NoValue}
	if t.Comparator == Measure {
		out.NoPath, out.NoLine = noThreshold, noThreshold
		if now != nil {
			out.Status = Shown
		}
		return out
	}
	known := knownPoints(t, past)
	if now != nil {
		out.Gap = new(big.Rat).Sub(t.want(), now)
	}
	out.Path, out.NoPath = path(t, known, on)
	if now != nil {
		known = append(known, dated{p.To, now})
	}
	out.Forecast, out.NoLine = line(t, known)
	if now == nil {
		return out
	}
	cmp := now.Cmp(t.want())
	switch {
	case cmp > 0 || cmp == 0 && t.Comparator != MoreThan:
		out.Status = Reached
	case t.Deadline != "" && on > t.Deadline && !t.Inferred:
		out.Status = Overdue
	case out.Path == nil:
		out.Status = Pending
	case now.Cmp(out.Path) >= 0:
		out.Status = OnTrack
	default:
		out.Status = Behind
	}
	return out
}

var (
	noThreshold = text.Text{Zh: "文件没有给出目标值", En: "the document sets no value"}
	noDeadline  = text.Text{Zh: "文件没有给出期限", En: "the document names no deadline"}
	eachPeriod  = text.Text{Zh: "每期分别计算", En: "it is counted anew in each period"}
	noStart     = text.Text{Zh: "没有基期值或更早的值", En: "there is no baseline and no earlier value"}
	noHistory   = text.Text{Zh: "已知的期间不足两个", En: "fewer than two periods are known"}
)

type dated struct {
	day string
	num *big.Rat
}

// knownPoints are the earlier values that are known; of a change the baseline stands at no change.
func knownPoints(t *Target, past []Point) (out []dated) {
	if t.Change() && t.Baseline != nil {
		start := new(big.Rat)
		if t.Comparator == MultiplyBy {
			start.SetInt64(1)
		}
		out = append(out, dated{t.Baseline.Date, start})
	}
	for _, x := range past {
		if x.Num != nil && (len(out) == 0 || out[len(out)-1].day < x.Period.To) {
			out = append(out, dated{x.Period.To, x.Num})
		}
	}
	return out
}

// path is what the straight way from the first point to the target asks for on a day.
func path(t *Target, known []dated, on string) (*big.Rat, text.Text) {
	switch {
	case t.Recurring != "":
		return nil, eachPeriod
	case t.Deadline == "":
		return nil, noDeadline
	case len(known) == 0 || known[0].day >= t.Deadline:
		return nil, noStart
	case on >= t.Deadline:
		return t.want(), text.Text{}
	}
	from := known[0]
	share := big.NewRat(max(days(from.day, on), 0), days(from.day, t.Deadline))
	out := new(big.Rat).Sub(t.want(), from.num)
	return out.Mul(out, share).Add(out, from.num), text.Text{}
}

// line is the least-squares line through the points, at the deadline.
func line(t *Target, known []dated) (*big.Rat, text.Text) {
	switch {
	case t.Recurring != "":
		return nil, eachPeriod
	case t.Deadline == "":
		return nil, noDeadline
	case len(known) < 2:
		return nil, noHistory
	}
	n := big.NewRat(int64(len(known)), 1)
	var sx, sy, sxx, sxy big.Rat
	for _, k := range known {
		x := big.NewRat(days(known[0].day, k.day), 1)
		sx.Add(&sx, x)
		sy.Add(&sy, k.num)
		sxx.Add(&sxx, new(big.Rat).Mul(x, x))
		sxy.Add(&sxy, new(big.Rat).Mul(x, k.num))
	}
	// slope = (n Σxy - Σx Σy) / (n Σx² - (Σx)²)
	bottom := new(big.Rat).Sub(new(big.Rat).Mul(n, &sxx), new(big.Rat).Mul(&sx, &sx))
	if bottom.Sign() == 0 {
		return nil, noHistory
	}
	slope := new(big.Rat).Sub(new(big.Rat).Mul(n, &sxy), new(big.Rat).Mul(&sx, &sy))
	slope.Quo(slope, bottom)
	start := new(big.Rat).Sub(&sy, new(big.Rat).Mul(slope, &sx))
	start.Quo(start, n)
	return start.Add(start, slope.Mul(slope, big.NewRat(days(known[0].day, t.Deadline), 1))), text.Text{}
}

// days between two civil days.
func days(from, to string) int64 {
	a, _ := civil(from)
	b, _ := civil(to)
	return int64(b.Sub(a) / (24 * time.Hour))
}
