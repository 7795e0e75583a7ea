package rollup

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

func TestGroupShowsWhoIsMissing(t *testing.T) {
	from, to := epoch, epoch+hour
	a := Row{From: from, To: to, Type: telemetry.Float64, Flags: HasCounter, Received: 10, Good: 8, Uncertain: 1, Bad: 1, Covered: 30 * Minute,
		Min: math.Float64bits(-1), Max: math.Float64bits(4), Sum: Total{Hi: 20}, Integral: Total{Hi: 10 * 1800, Lo: 1e-14}, Consumption: Total{Hi: 0.5}, Resets: 1, Input: 5}
	b := Row{From: from, To: to, Type: telemetry.Int64, Flags: HasCounter | Unread, Received: 3, Good: 3, Covered: 60 * Minute,
		Min: math.MaxUint64 - 6, Max: 3, Sum: Total{Hi: 4}, Integral: Total{Hi: 40 * 3600}, Consumption: Total{Hi: 7}, RollOvers: 2, Exchanges: 3, Input: 9}
	bad := Row{From: from, To: to, Type: telemetry.Bool, Received: 4, Bad: 4, Input: 2}
	g, err := Combine(from, to, 5, []Row{a, b, bad})
	if err != nil {
		t.Fatal(err)
	}
	want := GroupRow{From: from, To: to, Members: 5, Reporting: 2, Received: 17, Good: 11, Uncertain: 1, Bad: 5, Covered: 90 * Minute, Min: -7, Max: 4,
		Sum: Total{Hi: 24}, Integral: Total{Hi: 162000, Lo: 1e-14}, Consumption: Total{Hi: 7.5}, Counters: 2, CountersUnread: 1, Resets: 1, RollOvers: 2, Exchanges: 3, Input: 9}
	if g.Sum.More != nil || g.Integral.More != nil || g.Consumption.More != nil {
		t.Fatalf("further terms: %+v", g)
	}
	if !equalGroups(&g, &want) {
		t.Errorf("the group is\n%+v, want\n%+v", g, want)
	}
	if g.Mean() != 30 || g.Coverage() != 0.3 || g.CoveredLeast != 0 {
		t.Errorf("mean %v, coverage %v, least %v", g.Mean(), g.Coverage(), g.CoveredLeast)
	}
	if g, _ := Combine(from, to, 2, []Row{a, b}); g.CoveredLeast != 30*Minute || g.Coverage() != 0.75 {
		t.Errorf("with all members: least %v, coverage %v", g.CoveredLeast, g.Coverage())
	}
	if g, err := Combine(from, to, 3, nil); err != nil || g.Reporting != 0 || !math.IsNaN(g.Mean()) || !math.IsNaN(g.Min) || g.Coverage() != 0 {
		t.Errorf("of nobody: %+v, %v", g, err)
	}
	for name, c := range map[string]struct {
		to      int64
		members int
		rows    []Row
		want    error
	}{
		"another bucket":    {to, 2, []Row{{From: from, To: to - Minute, Type: telemetry.Bool}}, ErrRows},
		"more than members": {to, 1, []Row{a, b}, ErrRows},
		"of no members":     {to, 0, nil, ErrRows},
		"of strings":        {to, 2, []Row{{From: from, To: to, Type: telemetry.String}}, ErrRows},
		"bounds":            {to + 1, 2, nil, ErrBadBounds},
	} {
		if _, err := Combine(from, c.to, c.members, c.rows); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func equalGroups(a, b *GroupRow) bool {
	x, y := *a, *b
	if !same(x.Min, y.Min) && !(x.Min != x.Min && y.Min != y.Min) || !same(x.Max, y.Max) && !(x.Max != x.Max && y.Max != y.Max) {
		return false
	}
	for _, p := range [][2]*Total{{&x.Sum, &y.Sum}, {&x.Integral, &y.Integral}, {&x.Consumption, &y.Consumption}} {
		if !same(p[0].Hi, p[1].Hi) || !same(p[0].Lo, p[1].Lo) || len(p[0].More) != len(p[1].More) {
			return false
		}
		for i := range p[0].More {
			if !same(p[0].More[i], p[1].More[i]) {
				return false
			}
		}
	}
	return x.From == y.From && x.To == y.To && x.Members == y.Members && x.Reporting == y.Reporting && x.Received == y.Received && x.Good == y.Good &&
		x.Uncertain == y.Uncertain && x.Bad == y.Bad && x.Covered == y.Covered && x.CoveredLeast == y.CoveredLeast && x.Counters == y.Counters &&
		x.CountersUnread == y.CountersUnread && x.Resets == y.Resets && x.RollOvers == y.RollOvers && x.Exchanges == y.Exchanges && x.Input == y.Input
}

func TestOrderOfMembersDoesNotMatter(t *testing.T) {
	var f Fold
	r := rand.New(rand.NewPCG(3, 9))
	var members []Row
	for seed := range uint64(60) {
		x := newTrial(seed, []string{"extremes", "mantissas", "measured integers", "bool"}[seed%4])
		rows, err := x.fold(&f, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			continue
		}
		row, err := Compose(x.span.From, x.span.To, rows)
		if err != nil {
			t.Fatal(err)
		}
		if math.IsInf(row.Sum.Hi, 0) || math.IsInf(row.Integral.Hi, 0) { // infinite is infinite in any order
			continue
		}
		row.From, row.To = epoch, epoch+3*hour
		members = append(members, row)
	}
	want, err := Combine(epoch, epoch+3*hour, 60, members)
	if err != nil || want.Sum.More == nil {
		t.Fatalf("%+v, %v", want, err)
	}
	for range 50 {
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		got, err := Combine(epoch, epoch+3*hour, 60, members)
		if err != nil || !equalGroups(&got, &want) {
			t.Fatalf("in another order the group is\n%+v, want\n%+v (%v)", got, want, err)
		}
	}
}

func TestComposeRefusesRowsThatDoNotGoTogether(t *testing.T) {
	row := func(minute int64, typ telemetry.Type, flags Flags) Row {
		return Row{From: epoch + minute*Minute, To: epoch + (minute+1)*Minute, Type: typ, Flags: flags}
	}
	f, i := telemetry.Float64, telemetry.Int64
	for name, c := range map[string]struct {
		from, to int64
		rows     []Row
		want     error
	}{
		"nothing":        {0, 5, nil, ErrRows},
		"two types":      {0, 5, []Row{row(0, f, 0), row(1, i, 0)}, ErrRows},
		"counter or not": {0, 5, []Row{row(0, f, 0), row(1, f, HasCounter)}, ErrRows},
		"not in order":   {0, 5, []Row{row(1, f, 0), row(0, f, 0)}, ErrRows},
		"twice":          {0, 5, []Row{row(1, f, 0), row(1, f, 0)}, ErrRows},
		"before":         {1, 5, []Row{row(0, f, 0)}, ErrRows},
		"behind":         {0, 5, []Row{row(5, f, 0)}, ErrRows},
		"no width":       {0, 0, []Row{row(0, f, 0)}, ErrBadBounds},
	} {
		if _, err := Compose(epoch+c.from*Minute, epoch+c.to*Minute, c.rows); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Compose(epoch+1, epoch+Minute, []Row{row(0, f, 0)}); !errors.Is(err, ErrBadBounds) {
		t.Errorf("off a minute: %v", err)
	}
}

func TestFormulaHashNamesEveryPart(t *testing.T) {
	base := Formula{Level: LevelDay, Type: telemetry.Float64, Counter: "c1", Calendar: "shift 3\nAsia/Shanghai", Silence: "s", Population: "p"}
	const want = "jingwei roll-up formula 1\ndefinitions 1\nlevel day\ntype float64\nstates false\ncounter \"c1\"\ncalendar \"shift 3\\nAsia/Shanghai\"\nsilence \"s\"\npopulation \"p\"\n"
	if got := base.Description(); got != want {
		t.Errorf("the description is\n%s, want\n%s", got, want)
	}
	if h, w := FormulaHash(base), fmt.Sprintf("%x", sha256.Sum256([]byte(want))); h != w {
		t.Errorf("the hash is %s, want %s", h, w)
	}
	seen := map[string]bool{FormulaHash(base): true}
	for _, change := range []func(*Formula){func(f *Formula) { f.Level = LevelMonth }, func(f *Formula) { f.Type = telemetry.Int64 }, func(f *Formula) { f.States = true },
		func(f *Formula) { f.Counter = "c2" }, func(f *Formula) { f.Calendar = "" }, func(f *Formula) { f.Silence = "t" }, func(f *Formula) { f.Population = "q" }} {
		f := base
		change(&f)
		if h := FormulaHash(f); seen[h] {
			t.Errorf("%+v has the hash of another formula", f)
		} else {
			seen[h] = true
		}
	}
	if LevelMinute.String()+LevelHour.String()+LevelShift.String()+Level(9).String() != "minutehourshiftlevel 9" {
		t.Error("names of levels")
	}
}

func TestSilenceVersionIsOfWhatBearsOnTheSpan(t *testing.T) {
	r := func(from int64, silence time.Duration) telemetry.Reporting {
		return telemetry.Reporting{From: from, MaxSilence: silence}
	}
	span := telemetry.Span{From: epoch, To: epoch + hour}
	base := []telemetry.Reporting{r(0, time.Minute), r(epoch-hour, 10*time.Second)}
	v := SilenceVersion(base, span)
	for name, c := range map[string]struct {
		reporting []telemetry.Reporting
		same      bool
	}{
		"itself":                     {base, true},
		"a later one":                {append(base[:2:2], r(epoch+hour, time.Hour)), true},
		"one in the span":            {append(base[:2:2], r(epoch+hour-1, time.Hour)), false},
		"another in effect":          {[]telemetry.Reporting{base[0], r(epoch-hour, 11*time.Second)}, false},
		"another long before":        {[]telemetry.Reporting{r(0, 2*time.Minute), base[1]}, true},
		"one that reaches into it":   {[]telemetry.Reporting{r(0, time.Hour+1), base[1]}, false},
		"the only one, begun at all": {[]telemetry.Reporting{r(epoch, time.Minute)}, false},
	} {
		if got := SilenceVersion(c.reporting, span); (got == v) != c.same {
			t.Errorf("%s: the same version %v, want %v", name, got == v, c.same)
		}
	}
}

func TestMeansAndCoverageOfARow(t *testing.T) {
	r := Row{From: 0, To: Minute, Type: telemetry.Float64, Good: 4, Covered: 30 * second, Sum: Total{Hi: 10}, Integral: Total{Hi: 60}}
	if r.Mean() != 2 || r.SampleMean() != 2.5 || r.Coverage() != 0.5 || r.Sum.Value() != 10 {
		t.Errorf("%v, %v, %v", r.Mean(), r.SampleMean(), r.Coverage())
	}
	r.Good, r.Covered = 0, 0
	if !math.IsNaN(r.Mean()) || !math.IsNaN(r.SampleMean()) || r.Coverage() != 0 || (&Row{}).Coverage() != 0 {
		t.Error("of nothing there is no mean")
	}
}

func TestNamesOfTextsAreBoundedAndTellThemApart(t *testing.T) {
	long := strings.Repeat("状态", 40)
	if Name("run") != "run" || Name(long[:126]) != long[:126] || Name("") != "" {
		t.Error("a short text is its own name")
	}
	a, b := Name(long), Name(long+"x")
	if a == b || len(a) > maxName || !strings.HasPrefix(a, long[:96]) || len(Name(strings.Repeat("a", 95)+"状态"+long)) > maxName {
		t.Errorf("names %q and %q", a, b)
	}
	if got := Name(strings.Repeat("a", 95) + "状态" + long); !strings.HasPrefix(got, strings.Repeat("a", 95)+"…") {
		t.Errorf("a rune is cut: %q", got)
	}
	if bytes := Name(strings.Repeat("\x80", 300)); len(bytes) > maxName || len(bytes) < 90 {
		t.Errorf("bytes that are no text: %q", bytes)
	}
}
