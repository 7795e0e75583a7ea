package figure

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
	keeping "jingwei/internal/telemetry/rollup/kept"
	"jingwei/internal/telemetry/rollup/rebuild"
	"jingwei/internal/telemetry/seal"
)

const perMachine = `id: per-machine
version: 1.0.0
source: the tests
name: {zh: 单台电耗, en: Energy per machine}
unit: kW.h
period: month
of: enterprise
inputs:
  - {key: m, name: {zh: 设备, en: Machines}, unit: '1', from: {plant: production-machines, where: {delivers: '80%'}}}
  - {key: e, name: {zh: 用电, en: Electricity}, unit: kW.h, from: {energy: kWh}}
formula: e / m
upward: {how: mean}
assumptions: [{zh: 假设, en: assumed}]
`

// shop is an enterprise with two machines and a meter, whose samples of June 2026 are leaves of a log.
type shop struct {
	t             testing.TB
	log           *evidence.Log
	key           evidence.Verifier
	node, org     uuid.UUID
	meter, mill   uuid.UUID // series
	k             Key
	l             *indicator.Library
	d             *indicator.Definition
	file          []byte
	transcript    *indicator.Transcript
	row           Row
	leaves        map[uuid.UUID]map[string][]tuple.Row // by series and day of commits
	bundles       map[string]*seal.Bundle
	metered       Metered
	made          int64
	wattHours     int64
	begin, end    int64
	working       []string
	declaredMeter Proven
}

func newShop(t testing.TB) *shop {
	s := &shop{t: t, node: id('n', 1), org: id('o', 1), meter: id('s', 1), mill: id('s', 2), file: []byte(perMachine), leaves: map[uuid.UUID]map[string][]tuple.Row{}, bundles: map[string]*seal.Bundle{}}
	dir, origin := t.TempDir(), "jingwei.node/"+s.node.String()
	keys := proof.Must(evidence.LoadKeys(file.OS(), dir, origin))
	s.key = keys[0].Verifier()
	s.log = proof.Must(evidence.Open(evidence.Options{FS: file.OS(), Dir: dir + "/evidence", Origin: origin, Keys: keys, Now: time.Now, CheckpointEvery: -1}))
	t.Cleanup(func() { _ = s.log.Close() })
	s.d = proof.Must(pack.Decode[indicator.Definition]("indicators/per-machine.yaml", s.file))
	s.l = proof.Must(indicator.NewLibrary([]*indicator.Definition{s.d}, nil, nil, bookWords{}))
	s.k = Key{Keeper: s.org, Indicator: "per-machine", Filter: All, Kind: "month", Period: "2026-06", Code: "91430000MA00000001"}
	p, _ := s.k.Time()
	s.begin, s.end = p.Begin(), p.End()
	s.made = s.end + int64(30*24*time.Hour)

	// The meter is read every 15 minutes, the first time on the evening before, the last one on the morning after. Half of it came at once,
	// the rest was imported afterwards, on a day that has not ended.
	r := rand.New(rand.NewPCG(1, 1))
	kWh, used := 812_345.5, 0.0
	for at := s.begin - int64(5*time.Hour); at < s.end+int64(3*time.Hour); at += int64(15 * time.Minute) {
		step := float64(r.IntN(400)) / 10
		if at > s.begin && at <= s.end {
			used += step
		}
		kWh += step
		day := "2026-06-10"
		if at > s.begin+int64(9*24*time.Hour) {
			day = "2026-07-20"
		}
		s.sample(s.meter, day, tuple.Row{Time: at, Gateway: at + 7, Commit: uint64(at-s.begin+int64(24*time.Hour)) / 1e9, Origin: 1, Type: tuple.Float64, Bits: math.Float64bits(kWh)})
	}
	s.wattHours = int64(math.Round(used * 1000))
	// The mill tells whether it runs, on all working days but two.
	for i, at := range indicator.CivilDays(s.begin, s.end)[:30] {
		if day := time.Unix(0, at).In(field.China); day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			s.working = append(s.working, field.DateOf(at))
		}
		if i != 3 && i != 10 {
			s.sample(s.mill, field.DateOf(at), tuple.Row{Time: at + int64(9*time.Hour), Gateway: at + int64(9*time.Hour), Commit: uint64(10 + i), Origin: 1, Type: tuple.Bool, Bits: 1})
		}
	}
	for series, days := range s.leaves {
		for day := range days {
			s.seal(series, day)
		}
	}
	// What the node says follows from that.
	d := rollup.Definition{Type: telemetry.Float64, Reporting: []telemetry.Reporting{{MaxSilence: 20 * time.Minute}}, Counter: &rollup.Counter{Version: "v"}}
	s.metered = Metered{Unit: "kW.h", Definition: d, From: s.begin - int64(20*time.Minute), To: s.end + 1, Days: []MeteredDay{}}
	var all rebuild.Samples
	for _, rows := range s.leaves[s.meter] {
		for i := range rows {
			if err := all.Add(&rows[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	bounds := indicator.CivilDays(s.begin, s.end)
	for i := range bounds[:30] {
		made := proof.Must(all.Rows(&d, []telemetry.Span{{From: bounds[i], To: bounds[i+1]}}, s.made))
		w := keeping.Word{Row: *made[0], Level: rollup.LevelDay, Calendar: "zone Asia/Shanghai", Counter: "v", Silence: "s"}
		s.metered.Days = append(s.metered.Days, MeteredDay{Text: w.String()})
	}
	// The enterprise has named its main meter.
	content := field.Record{"item": "main-meter." + s.meter.String(), "begins": "2026-01-01", "ends": "2026-12-31", "value": "1", "unit": "1"}
	named := id('f', 1)
	since, _ := field.Day("2026-01-01")
	until, _ := field.Day("2027-01-01")
	payload := seal.Canonical([]seal.Field{{Name: "record", Text: "fact"}, {Name: "fact", Text: named.String()}, {Name: "revision", Text: "1"}, {Name: "org", Text: s.org.String()}, {Name: "kind", Text: "declaration"},
		{Name: "content", Text: string(content.Encode())}, {Name: "grade", Text: fact.Declared.String()}, {Name: "since", Text: fmt.Sprint(since)}, {Name: "until", Text: fmt.Sprint(until)}, {Name: "withdrawn", Text: "false"}})
	salt := [32]byte{9}
	b := seal.Bundle{Kind: evidence.KindFact, Subject: named, Salt: salt[:], Proof: s.put(evidence.Envelope{Kind: evidence.KindFact, Subject: named, Org: s.org, Algorithm: evidence.SHA256, Digest: proof.Must(evidence.Salted(evidence.SHA256, salt, payload))})}
	s.declaredMeter = Proven{payload, proof.Must(b.Encode())}
	s.transcript = &indicator.Transcript{Asked: indicator.Asked{Firm: indicator.Enterprise{Org: s.org, Code: s.k.Code}, Period: p}, Fields: map[string]indicator.Kind{"declaration": {Fields: declaration}},
		Facts: []indicator.FactsRead{{Query: indicator.FactQuery{Org: s.org, Kind: "declaration", At: s.end - 1, Fields: []string{"item", "value"}},
			List: []indicator.FactRead{{ID: named, Revision: 1, Grade: fact.Declared, Content: json.RawMessage(field.Record{"item": content["item"], "value": "1"}.Encode())}}}},
		Fleets: []indicator.FleetRead{{Org: s.org, From: s.begin, To: s.end, Fleet: indicator.Fleet{Working: len(s.working), Machines: []indicator.Machine{
			{ID: id('m', 1), Production: true, Days: len(s.working) - 2, Series: []uuid.UUID{s.mill}}, {ID: id('m', 2), Production: false, Meter: true, Days: len(s.working), Series: []uuid.UUID{s.meter}}}}}},
		Counters: []indicator.CounterRead{{Org: s.org, Series: s.meter, From: s.begin, To: s.end, Known: true, Counted: indicator.Counted{WattHours: s.wattHours, Days: 30, Of: 30}}}}
	s.observe()
	return s
}

// observe keeps what the transcript gives.
func (s *shop) observe() {
	o := proof.Must(indicator.Replay(s.l, s.d, s.transcript)).Observation()
	s.row = Row{Code: s.k.Code, Commit: 5, Observation: o.Encode()}
}

func (s *shop) sample(series uuid.UUID, day string, r tuple.Row) {
	if s.leaves[series] == nil {
		s.leaves[series] = map[string][]tuple.Row{}
	}
	s.leaves[series][day] = append(s.leaves[series][day], r)
}

func (s *shop) put(e evidence.Envelope) evidence.Proof {
	at := proof.Must(s.log.Append(s.t.Context(), [][]byte{proof.Must(e.Encode())}))
	proof.Must(s.log.Publish(s.t.Context()))
	return proof.Must(s.log.Proof(at))
}

// seal puts the samples of a day into the log.
func (s *shop) seal(series uuid.UUID, day string) {
	d := proof.Must(seal.ParseDay(day))
	rows := s.leaves[series][day]
	b := &seal.Bundle{Kind: evidence.KindSamples, Subject: series, Day: day, FirstCommit: 1, LastCommit: 1 << 40, Salt: make([]byte, 32)}
	h := proof.Must(evidence.NewSalted(evidence.SHA256, [32]byte{}))
	w := tuple.NewWriter(h, tuple.Header{Series: series, Day: int32(d)})
	for i := range rows {
		if err := w.Add(&rows[i]); err != nil {
			s.t.Fatal(err)
		}
	}
	proof.Must(w.Close())
	e := evidence.Envelope{Kind: evidence.KindSamples, Subject: series, Org: s.org, CommitTime: d.End() - 1, Algorithm: evidence.SHA256, Digest: h.Sum(nil)}
	if day == "2026-07-20" { // it runs
		e.Kind, e.Public, e.CommitTime = evidence.KindRunning, []byte{0, 0, 1, 0, 0, 0, 0, 0}, d.Begin()+77
		b.Kind = e.Kind
	}
	b.Proof = s.put(e)
	s.bundles[series.String()+day] = b
}

// proved verifies the pack of the enterprise's value; change does something to it before.
func (s *shop) proved(change func(g *packGround, w *packWriter)) *Verified {
	s.t.Helper()
	w := &packWriter{m: manifest{Made: s.made, Node: s.node, Keys: []string{s.key.String()}, Subject: s.k.String()}}
	salt := Hash{1}
	blinded := Blind(salt, s.row.sealed(s.k.Column(Local)))
	root := Root([]Hash{blinded})
	at := s.put(evidence.Envelope{Kind: KindFigures, Subject: s.node, CommitTime: s.row.Commit, Algorithm: evidence.SHA256, Digest: root[:]})
	w.m.Body = w.blob(s.row.Encode())
	w.m.Seal = &packSeal{s.row.Commit, w.blob(blinded[:]), 0, salt.String(), w.blob(proof.Must(at.Encode()))}
	w.m.Definitions = []packDefinition{{s.d.ID, w.blob(s.file)}}
	w.m.Words = w.blob(proof.Must(json.Marshal(indicator.Known(s.transcript.Fields))))
	f := &s.transcript.Facts[0].List[0]
	g := &packGround{Transcript: w.blob(proof.Must(json.Marshal(s.transcript))), Working: s.working,
		Facts:  []packFact{{ID: f.ID, Revision: f.Revision, Payload: w.blob(s.declaredMeter.Payload), Bundle: w.blob(s.declaredMeter.Bundle)}},
		Meters: []packMeter{{s.meter, s.begin, s.end, w.blob(proof.Must(json.Marshal(s.metered)))}}}
	for series, days := range s.leaves {
		for day, rows := range days {
			g.Samples = append(g.Samples, packSamples{Series: series, Day: day, Columns: w.blob(s.columns(series, day, rows)), Bundle: w.blob(proof.Must(s.bundles[series.String()+day].Encode()))})
		}
	}
	w.m.Ground = g
	if change != nil {
		change(g, w)
	}
	return proof.Must(VerifyPack(proof.Must(w.bytes()), s.key))
}

func (s *shop) columns(series uuid.UUID, day string, rows []tuple.Row) []byte {
	c := tuple.NewColumns(tuple.Header{Series: series, Day: int32(proof.Must(seal.ParseDay(day)))})
	for i := range rows {
		if err := c.Add(&rows[i]); err != nil {
			s.t.Fatal(err)
		}
	}
	return c.Bytes()
}

// What machines and meters delivered is made again from the samples, to the watt hour and the day.
func TestReadingsAreMadeAgainFromSamples(t *testing.T) {
	s := newShop(t)
	v := s.proved(nil)
	if v.Grade != Recomputed || !strings.Contains(v.String(), fmt.Sprintf("counted %d Wh on 30 of 30 days", s.wattHours)) || !strings.Contains(v.String(), fmt.Sprintf("delivered on %d of %d working days", len(s.working)-2, len(s.working))) {
		t.Fatal(v)
	}
	// What the node has said of them and the samples do not give.
	for name, lie := range map[string]func(){
		"its samples give":              func() { s.transcript.Counters[0].Counted.WattHours++ },
		"its samples give ":             func() { s.transcript.Counters[0].Counted.Days-- },
		"and 19 were counted":           func() { s.transcript.Fleets[0].Fleet.Machines[0].Days-- },
		"working days, and 23 were cou": func() { s.transcript.Fleets[0].Fleet.Working++ },
	} {
		before := proof.Must(json.Marshal(s.transcript))
		lie()
		s.observe()
		if v := s.proved(nil); v.Grade != Wrong || !strings.Contains(strings.Join(v.Problems, "\n"), strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, v)
		}
		s.transcript = &indicator.Transcript{}
		if err := json.Unmarshal(before, s.transcript); err != nil {
			t.Fatal(err)
		}
	}
	s.observe()
	// A day that is left out, or whose row is another.
	days := slices.Clone(s.metered.Days)
	s.metered.Days = slices.Delete(slices.Clone(days), 7, 8)
	if v := s.proved(nil); v.Grade != Wrong || !strings.Contains(v.String(), "2026-06-08 to 2026-06-08 is left out") {
		t.Error(v)
	}
	s.metered.Days = days
	s.metered.Definition.Counter = &rollup.Counter{Version: "v", Modulus: 1e6, MaxStep: 1e5}
	if v := s.proved(nil); v.Grade != Recomputed || !strings.Contains(v.String(), "modulus of 1e+06") {
		t.Error(v) // it has not rolled over
	}
}

// Whatever is done to a sample in a pack, its series and day are named; what the pack says is not there ends at proved.
func TestChangedSamplesInAPackAreNamed(t *testing.T) {
	s := newShop(t)
	rows := s.leaves[s.meter]["2026-06-10"]
	put := func(series uuid.UUID, day string, r []tuple.Row) func(*packGround, *packWriter) {
		return func(g *packGround, w *packWriter) {
			i := slices.IndexFunc(g.Samples, func(x packSamples) bool { return x.Series == s.meter && x.Day == "2026-06-10" })
			g.Samples[i].Columns = w.blob(s.columns(series, day, r))
		}
	}
	named := "samples of series " + s.meter.String() + ", committed on 2026-06-10"
	with := func(change func([]tuple.Row) []tuple.Row) []tuple.Row { return change(slices.Clone(rows)) }
	r := rand.New(rand.NewPCG(2, 2))
	for name, change := range map[string]func(*packGround, *packWriter){
		"a byte": put(s.meter, "2026-06-10", with(func(x []tuple.Row) []tuple.Row {
			x[r.IntN(len(x))].Bits ^= 1 << r.IntN(64)
			return x
		})),
		"left out":       put(s.meter, "2026-06-10", with(func(x []tuple.Row) []tuple.Row { return slices.Delete(x, 100, 101) })),
		"put in":         put(s.meter, "2026-06-10", with(func(x []tuple.Row) []tuple.Row { return slices.Insert(x, 100, x[100]) })),
		"of others":      put(s.meter, "2026-06-10", with(func(x []tuple.Row) []tuple.Row { x[50] = s.leaves[s.meter]["2026-07-20"][0]; return x[:51] })),
		"another series": put(s.mill, "2026-06-10", s.leaves[s.mill]["2026-06-10"]),
		"another day":    put(s.meter, "2026-06-11", rows),
		"no columns": func(g *packGround, w *packWriter) {
			i := slices.IndexFunc(g.Samples, func(x packSamples) bool { return x.Series == s.meter && x.Day == "2026-06-10" })
			g.Samples[i].Columns = w.blob([]byte("not these"))
		},
	} {
		if v := s.proved(change); v.Grade != Wrong || !strings.Contains(strings.Join(v.Problems, "\n"), named) {
			t.Errorf("%s: %v", name, v)
		}
	}
	drop := func(series uuid.UUID, day, why string) func(*packGround, *packWriter) {
		return func(g *packGround, _ *packWriter) {
			i := slices.IndexFunc(g.Samples, func(x packSamples) bool { return x.Series == series && x.Day == day })
			if why == "" {
				g.Samples = slices.Delete(g.Samples, i, i+1)
			} else {
				g.Samples[i] = packSamples{Series: series, Day: day, Why: why}
			}
		}
	}
	if v := s.proved(drop(s.meter, "2026-06-10", "")); v.Grade != Wrong || !strings.Contains(v.String(), "meter "+s.meter.String()) {
		t.Errorf("a leaf is missing without a word: %v", v)
	}
	if v := s.proved(drop(s.mill, "2026-06-15", "")); v.Grade != Wrong || !strings.Contains(v.String(), "machine "+id('m', 1).String()) {
		t.Errorf("a leaf is missing without a word: %v", v)
	}
	if v := s.proved(drop(s.meter, "2026-06-10", "too large")); v.Grade != Proved || !strings.Contains(v.String(), named+": too large") {
		t.Errorf("a leaf that was not handed over: %v", v)
	}
}
