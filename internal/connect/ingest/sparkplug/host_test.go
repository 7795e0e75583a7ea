package sparkplug

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

func TestBirthsDataAndDeathsOfADevice(t *testing.T) {
	w := newWorld(t, Config{})
	a := w.hear(nBirth, payload(1, 0, bd(5), rebirth(), declareMetric("up", 9, Boolean, true, 0.5)))
	if !a.acknowledged() || !w.isAlive("G/E") {
		t.Fatal("the birth is not acknowledged, or the node not alive")
	}
	w.expect("node birth", "G/E|up@0.5=true")
	w.hear(dBirth, payload(2, 1, declareMetric("t", 1, Double, 20.0, 2), declareMetric("n", 2, Int8, -12, 2), declareMetric("nul", 3, Double, nil, 2)))
	w.expect("device birth", "G/E/D|t@2=20", "G/E/D|n@2=-12", "G/E/D|nul@2=null!80000000")
	stale := tell(2, Int8, -13, 3.5)
	stale.Properties = AppendProperties(nil, 500, "")
	late := tell(1, Double, 19.0, 1.5)
	late.Historical = true
	brief := tell(1, Double, 99.0, 3)
	brief.Transient = true
	w.hear(dData, payload(3, 2, tell(1, Double, 21.5, 3), stale, late, brief))
	w.expect("data", "G/E/D|t@3=21.5", "G/E/D|n@3.5=-13!40900000", "G/E/D|t@1.5=19")
	untimed := tell(9, Boolean, false, 0)
	untimed.Timestamp = 0
	w.hear(nData, payload(4, 3, untimed))
	w.expect("a metric without a time has the payload's", "G/E|up@4=false")

	w.hear(dDeath, payload(5, 4))
	w.expect("the device's death, at its time", "G/E/D|t@5=null!80310000", "G/E/D|n@5=null!80310000", "G/E/D|nul@5=null!80310000")
	if w.isAlive("G/E/D") || !w.isAlive("G/E") {
		t.Error("the device is alive, or the node dead")
	}
	w.hear(dBirth, payload(6, 5, declareMetric("t", 1, Double, 22.0, 6), declareMetric("n", 2, Int8, -12, 6), declareMetric("nul", 3, Double, nil, 6)))
	w.told()
	w.pass(7 * time.Second)
	w.hear(nDeath, payload(1, -1, bd(5))) // written when it connected
	w.expect("the node's death, at the host's time, once each", "G/E|up@7=null!80310000",
		"G/E/D|t@7=null!80310000", "G/E/D|n@7=null!80310000", "G/E/D|nul@7=null!80310000")
	w.hear(nDeath, payload(1, -1, bd(5)))
	w.expect("told twice")
	w.expectCodes("nothing was wrong")
	if c := w.commands(); len(c) > 0 {
		t.Errorf("asked for births: %v", c)
	}
}

func TestStaleDeathsAreIgnored(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 6)
	w.told()
	if a := w.hear(nDeath, payload(0, -1, bd(5))); !a.acknowledged() {
		t.Error("not acknowledged")
	}
	w.expect("an earlier session's death")
	w.expectCodes("told", troubleDeath)
	w.hear(dData, payload(2, 2, tell(1, Double, 21.0, 2)))
	w.expect("the session goes on", "G/E/D|t@2=21")
}

func TestLateHostAsksForBirths(t *testing.T) {
	w := newWorld(t, Config{})
	a := w.hear(dData, payload(1, 77, tell(1, Double, 21.0, 1)))
	if !a.acknowledged() {
		t.Error("data that nobody can read must be acknowledged, or they come for ever")
	}
	w.expect("nothing can be attributed")
	w.expectCodes("told", troubleAlias)
	if c := w.commands(); !slices.Contains(c, "spBv1.0/G/NCMD/E") {
		t.Fatalf("not asked: %v", c)
	}
	named := value(Int32, -7)
	named.Name, named.Timestamp = []byte("by/name"), ms(2)
	w.hear(dData, payload(2, 78, named))
	w.expect("what has a name is taken", "G/E/D|by/name@2=-7")
	w.session(3, 1)
	w.told()
	w.hear(dData, payload(4, 2, tell(1, Double, 22.0, 4)))
	w.expect("after the births", "G/E/D|t@4=22")
}

func TestRequestsForBirthsAreThrottled(t *testing.T) {
	w := newWorld(t, Config{})
	asked := 0
	var at []float64
	for i := range 1300 { // 130 s of data by alias
		w.hear(nData, payload(float64(i)/10, i%256, tell(1, Double, 1.0, 1)))
		if n := len(w.commands()); n > 0 {
			asked += n
			at = append(at, float64(i)/10)
		}
		w.pass(100 * time.Millisecond)
	}
	// Two reasons (no birth, unknown alias), each after 1, 2, 4 … 60 s.
	if asked != 16 || at[0] != 0 {
		t.Errorf("asked %d times in 130 s: %v", asked, at)
	}
	w.commands()
	w.hear(nData, payload(1, 300%256, tell(1, Double, 1.0, 1)))
	w.hear("spBv1.0/G/NDATA/other", payload(1, 0, tell(1, Double, 1.0, 1)))
	if c := w.commands(); !slices.Contains(c, "spBv1.0/G/NCMD/other") || slices.Contains(c, "spBv1.0/G/NCMD/E") {
		t.Errorf("one node's throttle is not another's: %v", c)
	}
}

func TestMessagesOutOfOrderAreTakenInOrder(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.told()
	a3 := w.hear(dData, payload(4, 4, tell(1, Double, 3.0, 4)))
	a2 := w.hear(dData, payload(3, 3, tell(1, Double, 2.0, 3)))
	if !a3.pending() || !a2.pending() {
		t.Fatal("acknowledged before they are stored")
	}
	w.expect("they wait")
	w.hear(dData, payload(2, 2, tell(1, Double, 1.0, 2)))
	w.expect("in order", "G/E/D|t@2=1", "G/E/D|t@3=2", "G/E/D|t@4=3")
	if !a3.acknowledged() || !a2.acknowledged() {
		t.Error("not acknowledged")
	}
	w.pass(10 * time.Second)
	w.expectCodes("nothing was wrong")
	if c := w.commands(); len(c) > 0 {
		t.Errorf("asked for births: %v", c)
	}
}

func TestSequenceNumbersWrap(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.told()
	for i := 2; i < 600; i++ {
		w.hear(dData, payload(float64(i), i%256, tell(1, Double, float64(i), float64(i))))
	}
	if n := len(w.told()); n != 598 {
		t.Errorf("%d values of 598", n)
	}
	w.expectCodes("nothing was wrong")
}

func TestAGapPutsAliasesInDoubtUntilTheBirths(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.told()
	a := w.hear(dData, payload(3, 3, tell(1, Double, 2.0, 3)))
	w.pass(1900 * time.Millisecond)
	if !a.pending() {
		t.Fatal("given up before the time-out")
	}
	w.pass(200 * time.Millisecond)
	w.expect("a birth may have been missed")
	w.expectCodes("told", troubleSequence, troubleAlias)
	if !a.acknowledged() {
		t.Error("not acknowledged")
	}
	if c := w.commands(); len(c) != 2 { // for the sequence, and for the alias
		t.Errorf("asked %v", c)
	}
	w.hear(dData, payload(4, 4, tell(1, Double, 3.0, 4)))
	w.hear(nBirth, payload(5, 0, bd(0), rebirth(), declareMetric("up", 9, Boolean, true, 5)))
	w.expect("node birth", "G/E|up@5=true")
	w.hear(dBirth, payload(5, 1, declareMetric("t", 1, Double, 4.0, 5), declareMetric("n", 2, Int8, 1, 5)))
	w.expect("device birth", "G/E/D|t@5=4", "G/E/D|n@5=1")
	w.pass(2 * time.Second)
	w.expect("the births say the same, so what waited is taken", "G/E/D|t@3=2", "G/E/D|t@4=3")
}

func TestWhatAChangedAliasMeantIsNotGuessed(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.told()
	w.hear(dData, payload(3, 3, tell(1, Double, 2.0, 3))) // 2 was a birth that changed the aliases
	w.pass(3 * time.Second)
	w.codes()
	w.hear(nBirth, payload(5, 0, bd(0), rebirth(), declareMetric("up", 9, Boolean, true, 5)))
	w.hear(dBirth, payload(5, 1, declareMetric("p", 1, Double, 4.0, 5), declareMetric("n", 2, Int8, 1, 5)))
	w.expect("the value of 3 s is nobody's, and what is gone has its mark", "G/E|up@5=true", "G/E/D|p@5=4", "G/E/D|n@5=1", "G/E/D|t@3=null!80310000")
	w.pass(2 * time.Second)
	w.expect("nothing more")
	w.expectCodes("told", troubleAlias)
}

func TestLenientTrustsAliasesAcrossAGap(t *testing.T) {
	w := newWorld(t, Config{Lenient: true})
	w.session(1, 0)
	w.told()
	w.hear(dData, payload(3, 30, tell(1, Double, 2.0, 3)))
	w.expect("taken at once", "G/E/D|t@3=2")
	w.expectCodes("told", troubleSequence)
	if c := w.commands(); len(c) != 1 {
		t.Errorf("asked %v", c)
	}
	for range 3 { // an edge node that does not count, and tells all at one time
		w.hear(dData, payload(4, 0, tell(1, Double, 3.0, 4)))
	}
	w.expect("each is taken", "G/E/D|t@4=3", "G/E/D|t@4=3", "G/E/D|t@4=3")
}

func TestReplaysAndRepetitionsChangeNothing(t *testing.T) {
	w := newWorld(t, Config{})
	nb := payload(1, 0, bd(0), rebirth(), declareMetric("up", 9, Boolean, true, 1))
	db := payload(1, 1, declareMetric("t", 1, Double, 20.0, 1))
	w.hear(nBirth, nb)
	w.hear(dBirth, db)
	d2 := payload(2, 2, tell(1, Double, 21.0, 2))
	w.hear(dData, d2)
	w.told()
	for _, m := range []struct {
		topic string
		b     []byte
	}{{nBirth, nb}, {dBirth, db}, {dData, d2}, {nBirth, nb}} {
		if a := w.hear(m.topic, m.b); !a.acknowledged() {
			t.Errorf("%s is not acknowledged", m.topic)
		}
	}
	w.expect("told again")
	w.expectCodes("replayed births are told", troubleReplay, troubleReplay)
	w.hear(dData, payload(3, 3, tell(1, Double, 22.0, 3)))
	w.expect("the session goes on where it was", "G/E/D|t@3=22")
	if c := w.commands(); len(c) > 0 {
		t.Errorf("asked for births: %v", c)
	}
}

func TestABirthOvertakenByItsData(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.hear(dData, payload(2, 2, tell(1, Double, 1.0, 2)))
	w.told()
	// A new session, without a death: its device's birth comes first, with other aliases.
	w.hear(dBirth, payload(5, 1, declareMetric("n", 1, Int8, 3, 5)))
	w.hear(dData, payload(6, 2, tell(1, Int8, 4, 6)))
	w.hear(nBirth, payload(4, 0, bd(1), rebirth(), declareMetric("up", 9, Boolean, true, 4)))
	w.expect("all of the new session", "G/E|up@4=true", "G/E/D|n@5=3", "G/E/D|t@0=null!80310000", "G/E/D|n@6=4")
	// A straggler of the old session, whose alias 1 was t.
	w.hear(dData, payload(3, 3, tell(1, Double, 2.0, 3)))
	w.expect("it follows what was taken, so it is t's", "G/E/D|t@3=2")
	w.hear(dData, payload(3.5, 9, tell(1, Double, 2.0, 3.5)))
	w.expect("what does not follow is nobody's")
	if c := w.codes(); !slices.Contains(c, troubleLate) {
		t.Errorf("troubles %v", c)
	}
}

func TestDataAfterADeathWithoutABirth(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.hear(nDeath, payload(0, -1, bd(0)))
	w.told()
	w.codes()
	w.hear(dData, payload(3, 0, tell(1, Double, 1.0, 3)))
	w.expect("aliases of a session without births")
	w.expectCodes("told", troubleAlias)
	if c := w.commands(); len(c) == 0 {
		t.Error("not asked")
	}
	w.session(4, 1)
	w.expect("nothing of before", "G/E|up@4=true", "G/E/D|t@4=20", "G/E/D|n@4=-12")
	w.pass(2 * time.Second)
	w.expect("nothing more")
	w.expectCodes("given up", troubleAlias)
}

func TestABirthEndsTheMarksOfADeath(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.pass(10 * time.Second)
	w.hear(nDeath, payload(0, -1, bd(0)))
	w.told()
	// Nothing has changed meanwhile: the metrics bear the times of old.
	w.hear(nBirth, payload(20, 0, bd(1), rebirth(), declareMetric("up", 9, Boolean, true, 1)))
	w.hear(dBirth, payload(20, 1, declareMetric("t", 1, Double, 20.0, 1), declareMetric("n", 2, Int8, -12, 15)))
	w.expect("they hold again from the birth on", "G/E|up@20=true", "G/E/D|t@20=20", "G/E/D|n@15=-12")
}

func TestMarksComeAfterValuesOfAFastClock(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(30, 0) // the edge node's clock is 30 s ahead
	w.told()
	w.hear(nDeath, payload(30, -1, bd(0)))
	w.expect("after the latest", "G/E|up@30.001=null!80310000", "G/E/D|t@30.001=null!80310000", "G/E/D|n@30.001=null!80310000")
}

func TestARestartedHostUnderstandsAliases(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 3)
	w.pass(time.Second)
	if w.keep.saves != 1 {
		t.Errorf("%d saves", w.keep.saves)
	}
	w.told()
	w.restart(Config{})
	w.hear(dData, payload(5, 99, tell(1, Double, 25.0, 5), tell(2, Int8, -5, 5)))
	w.expect("without asking", "G/E/D|t@5=25", "G/E/D|n@5=-5")
	if c := w.commands(); len(c) > 0 {
		t.Errorf("asked for births: %v", c)
	}
	w.hear(nDeath, payload(0, -1, bd(4))) // of a session that began while nobody listened
	if n := len(w.told()); n != 3 {
		t.Errorf("%d marks of 3", n)
	}
	w.restart(Config{}) // before the death was saved: the marks of before are not known, and written again
	w.hear(dBirth, payload(6, 1, declareMetric("n", 1, Int8, 3, 6)))
	if w.keep.saves != 2 {
		t.Error("changed aliases must be saved before anything by them is taken")
	}
	w.told()
	w.restart(Config{})
	w.hear(dData, payload(7, 2, tell(1, Int8, 4, 7)))
	w.expect("the new meaning", "G/E/D|n@7=4")
}

func TestChangedAliasesThatCannotBeSavedAreNotAcknowledged(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.pass(time.Second)
	w.keep.fail = errAway
	if a := w.hear(dBirth, payload(2, 2, declareMetric("n", 1, Int8, 3, 2))); a.err == nil || !errors.Is(a.err, errAway) {
		t.Errorf("answer %v", a.err)
	}
	w.keep.fail = nil
	nb := payload(3, 0, bd(0), rebirth())
	w.book.fail = errAway
	if a := w.hear(nBirth, nb); a.err != nil {
		t.Errorf("a birth without metrics binds nothing: %v", a.err)
	}
	db := payload(3, 1, declareMetric("q", 4, Int8, 3, 3))
	if a := w.hear(dBirth, db); !errors.Is(a.err, errAway) {
		t.Errorf("answer %v", a.err)
	}
	w.book.fail = nil
	w.told()
	w.hear(dData, payload(4, 2, tell(4, Int8, 5, 4)))
	w.expect("bound when the database is back", "G/E/D|q@4=5")
}

func TestUnwantedMetricsAreShownAndNotKept(t *testing.T) {
	w := newWorld(t, Config{})
	w.book.unwanted = func(name string) bool { return name == "n" }
	w.session(1, 0)
	w.expect("only what is wanted", "G/E|up@1=true", "G/E/D|t@1=20")
	if v := w.book.saw["G/E/D|n"]; shown(v) != "-12" {
		t.Errorf("saw %+v", v)
	}
	binds := w.book.binds
	w.hear(dData, payload(2, 2, tell(1, Double, 21.0, 2), tell(2, Int8, 1, 2)))
	if w.book.binds != binds {
		t.Error("asked again without need")
	}
	w.book.unwanted, w.book.gen = nil, 1
	w.told()
	w.hear(dData, payload(3, 3, tell(2, Int8, 2, 3)))
	w.expect("somebody wants it now", "G/E/D|n@3=2")
	if w.book.binds != binds+1 {
		t.Errorf("%d binds", w.book.binds-binds)
	}
}

func TestTemplatesDataSetsAndNewParts(t *testing.T) {
	w := newWorld(t, Config{})
	motor := func(rpm float64, at float64) Metric {
		return Metric{Name: []byte("m1"), Alias: 1, HasAlias: true, Timestamp: ms(at), Datatype: Template, Kind: KindTemplate,
			Bytes: AppendTemplate(nil, "Motor", []Metric{{Name: []byte("rpm"), Datatype: Double, Kind: KindDouble, Bits: bitsOf(rpm)}})}
	}
	table := func(rows int, at float64) Metric {
		var cells [][]Metric
		for i := range rows {
			cells = append(cells, []Metric{{Kind: KindInt, Bits: uint64(uint32(int32(-i)))}, {Kind: KindString, Bytes: fmt.Appendf(nil, "row%d", i)}})
		}
		return Metric{Name: []byte("ds"), Alias: 2, HasAlias: true, Timestamp: ms(at), Datatype: DataSet, Kind: KindDataSet,
			Bytes: AppendDataSet(nil, []Column{{"i", Int32}, {"s", String}}, cells)}
	}
	def := Metric{Name: []byte("_types_/Motor"), Datatype: Template, Kind: KindTemplate, Bytes: AppendTemplate(nil, "", []Metric{{Name: []byte("rpm"), Datatype: Double, Kind: KindDouble}})}
	w.hear(nBirth, payload(1, 0, bd(0), rebirth(), def))
	w.expect("a definition has no values")
	w.hear(dBirth, payload(1, 1, motor(1500, 1), table(1, 1)))
	w.expect("parts are metrics", "G/E/D|m1/rpm@1=1500", "G/E/D|ds[0].i@1=0", "G/E/D|ds[0].s@1=row0")
	m, d := motor(1600, 2), table(2, 2)
	m.Name, d.Name, m.Datatype, d.Datatype = nil, nil, 0, 0
	w.hear(dData, payload(2, 2, m, d))
	w.expect("by alias, and with a row more", "G/E/D|m1/rpm@2=1600", "G/E/D|ds[0].i@2=0", "G/E/D|ds[0].s@2=row0", "G/E/D|ds[1].i@2=-1", "G/E/D|ds[1].s@2=row1")
	w.expectCodes("nothing was wrong")
	big := table(maxParts, 3)
	w.hear(dData, payload(3, 3, big))
	if n := len(w.told()); n != maxParts {
		t.Errorf("%d parts, want %d", n, maxParts)
	}
	w.expectCodes("told", troubleBound, troubleBound)
}

func TestTypesThatContradictTheBirth(t *testing.T) {
	w := newWorld(t, Config{})
	w.book.slot = func(name string, typ telemetry.Type) intake.Slot {
		switch name {
		case "n":
			return intake.Slot{Type: telemetry.Float64, Scale: 0.5, Offset: 1}
		case "s":
			return intake.Slot{Type: telemetry.Int64}
		}
		return intake.Slot{Type: typ}
	}
	w.hear(nBirth, payload(1, 0, bd(0), rebirth()))
	w.hear(dBirth, payload(1, 1, declareMetric("n", 1, Int8, -12, 1), declareMetric("s", 2, String, "text", 1), declareMetric("u", 3, UInt64, 5, 1), declareMetric("t", 4, Double, 1.0, 1)))
	w.expect("scaled; a text is no number", "G/E/D|n@1=-5", "G/E/D|s@1=null!80070000", "G/E/D|u@1=5", "G/E/D|t@1=1")
	w.expectCodes("told", troubleType)
	huge := Metric{Alias: 3, HasAlias: true, Timestamp: ms(2), Kind: KindLong, Bits: 1 << 63}
	wrongKind := Metric{Alias: 4, HasAlias: true, Timestamp: ms(2), Kind: KindString, Bytes: []byte("12")}
	far := tell(1, Int8, 2, 2)
	far.Timestamp = 1 << 60
	w.hear(dData, payload(2, 2, huge, wrongKind, tell(1, Int8, 2, 2), far))
	w.expect("each by itself", "G/E/D|u@2=null!803C0000", "G/E/D|t@2=null!80070000", "G/E/D|n@2=2", "G/E/D|n@0=2")
	w.expectCodes("told", troubleRange, troubleType, troubleTime)
	w.commands()
	other := tell(4, Float, 2.0, 3)
	other.Datatype = Float
	w.hear(dData, payload(3, 3, other, tell(1, Int8, 4, 3)))
	w.expect("an alias of another type is not believed", "G/E/D|n@3=3")
	w.expectCodes("told", troubleType)
	if c := w.commands(); len(c) != 1 {
		t.Errorf("asked %v", c)
	}
}

func TestNamesAndAliasesThatAreThereTwice(t *testing.T) {
	w := newWorld(t, Config{})
	w.hear(nBirth, payload(1, 0, bd(0), rebirth(), declareMetric("a", 1, Double, 1.0, 1), declareMetric("b", 1, Double, 2.0, 1), declareMetric("a", 2, Double, 3.0, 1),
		declareMetric(strings.Repeat("x", 201), 5, Double, 1.0, 1), declareMetric("c\xff", 6, Double, 1.0, 1), declareMetric("far", 1<<60, Double, 7.0, 1)))
	if c := w.codes(); !slices.Equal(c[:4], []string{troubleName, troubleName, troubleName, troubleTwice}) {
		t.Errorf("troubles %v", c)
	}
	w.told()
	w.hear(nData, payload(2, 1, tell(1, Double, 9.0, 2), tell(1<<60, Double, 8.0, 2)))
	w.expect("an alias of two is nobody's", "G/E|far@2=8")
	w.expectCodes("told", troubleAlias)
}

func TestWhatIsNoPayloadHarmsNobody(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.told()
	good := payload(2, 2, tell(1, Double, 1.0, 2))
	half := slices.Concat(good, []byte{0x12, 0x05, 0x0d})
	broken := slices.Concat(good, []byte{0x12, 0x02, 0x08, 0x01}) // a metric whose name is a number
	for _, c := range []struct {
		topic string
		b     []byte
		code  string
	}{
		{dData, []byte("hello"), troublePayload},
		{dData, half, troublePayload},
		{dData, make([]byte, maxPayload+1), troublePayload},
		{nBirth, broken, troublePayload},
		{nDeath, broken, troublePayload},
		{"spBv1.0/G/DATA/E", good, troubleTopic},
		{"spBv1.0/G/NDATA/E/D", good, troubleTopic},
		{"spBv1.0/G/DDATA/E", good, troubleTopic},
		{"spBv1.0//NDATA/E", good, troubleTopic},
		{"spAv1.0/G/NDATA/E", good, troubleTopic},
		{"spBv1.0/G/NDATA/" + strings.Repeat("x", 300), good, troubleTopic},
	} {
		if a := w.hear(c.topic, c.b); !a.acknowledged() {
			t.Errorf("%s %.10x is not acknowledged", c.topic, c.b)
		}
		w.expectCodes(c.topic, c.code)
	}
	w.expect("nothing was taken")
	if a := w.hear(dData, slices.Concat(payload(2, 2), []byte{0x12, 0x02, 0x08, 0x01})); !a.acknowledged() {
		t.Error("not acknowledged")
	}
	w.codes()
	w.hear(dData, payload(3, 3, tell(1, Double, 3.0, 3)))
	w.expect("the next one is", "G/E/D|t@3=3")
	w.hear("spBv1.0/G/DCMD/E/D", good)
	w.hear("STATE/other", []byte("OFFLINE"))
	w.expectCodes("commands and states of others are no trouble")
}

func TestCompressedPayloads(t *testing.T) {
	w := newWorld(t, Config{})
	pack := func(b []byte) []byte {
		var z bytes.Buffer
		g := gzip.NewWriter(&z)
		g.Write(b)
		g.Close()
		return AppendPayload(nil, Payload{UUID: []byte(compressed), Body: z.Bytes()}, []Metric{{Name: []byte("algorithm"), Datatype: String, Kind: KindString, Bytes: []byte("gzip")}})
	}
	w.hear(nBirth, pack(payload(1, 0, bd(0), rebirth(), declareMetric("up", 9, Boolean, true, 1))))
	w.expect("unpacked", "G/E|up@1=true")
	w.hear(nData, pack(make([]byte, maxPayload+1)))
	w.expectCodes("a bomb is refused", troublePayload)
	w.hear(nData, AppendPayload(nil, Payload{UUID: []byte(compressed), Body: []byte("x")}, nil))
	w.expectCodes("no zlib", troublePayload)
}

func TestABoundedNumberOfNodesAndDevices(t *testing.T) {
	w := newWorld(t, Config{Groups: []string{"G"}})
	w.host.o.MaxNodes, w.host.o.MaxDevices = 2, 2
	for i := range 3 {
		w.hear(fmt.Sprintf("spBv1.0/G/NBIRTH/%d", i), payload(1, 0, bd(0)))
	}
	w.expectCodes("a third node", troubleBound)
	for i := range 3 {
		w.hear(fmt.Sprintf("spBv1.0/G/DBIRTH/0/%d", i), payload(1, 1+i))
	}
	w.expectCodes("a third device", troubleBound)
	w.hear("spBv1.0/H/NBIRTH/0", payload(1, 0, bd(0)))
	w.expectCodes("a group that is not taken", troubleTopic)
}

func TestWaitingMessagesAreBounded(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	var answers []*answer
	for i := range maxWaiting + 1 {
		answers = append(answers, w.hear(dData, payload(2, (i*1+3)%256, tell(1, Double, 1.0, 2))))
	}
	for i, a := range answers {
		if !a.acknowledged() {
			t.Fatalf("message %d still waits", i)
		}
	}
	if n := w.host.nodes["G/E"]; len(n.aside) > maxWaiting || n.bytes > maxWaitingBytes || w.host.waiting.Load() != n.bytes {
		t.Errorf("%d messages, %d bytes, %d in all", len(n.aside), n.bytes, w.host.waiting.Load())
	}
	w.pass(3 * time.Minute)
	if n := w.host.nodes["G/E"]; len(n.aside) != 0 || w.host.waiting.Load() != 0 {
		t.Error("not given up after two minutes")
	}
}

func TestALostBrokerMarksEverythingAndAsksAfterwards(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.told()
	w.pass(5 * time.Second)
	w.host.Lost(context.Background())
	w.host.Lost(context.Background())
	w.settle()
	w.expect("once each", "G/E|up@5=null!80310000", "G/E/D|t@5=null!80310000", "G/E/D|n@5=null!80310000")
	w.hear(dData, payload(6, 2, tell(1, Double, 1.0, 6)))
	w.expect("nothing was missed, so the aliases hold", "G/E/D|t@6=1")
	if c := w.commands(); len(c) != 1 {
		t.Errorf("what has not changed must be asked for: %v", c)
	}
}

func TestDevicesThatARebirthLeavesOutAreMarked(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.hear(nBirth, payload(2, 0, bd(1), rebirth(), declareMetric("up", 9, Boolean, true, 2)))
	w.told()
	w.pass(59 * time.Second)
	w.expect("not yet")
	w.pass(2 * time.Second)
	w.expect("a minute later", "G/E/D|t@61=null!80310000", "G/E/D|n@61=null!80310000")
}

func TestWhatTheStoreRefusesIsToldAndAcknowledged(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	w.book.refuse = func(*telemetry.Batch) error {
		return &telemetry.BatchError{Row: 0, Field: "time", Value: "-1", Reason: "nanoseconds from 1970 to 2200"}
	}
	if a := w.hear(dData, payload(2, 2, tell(1, Double, 1.0, 2))); !a.acknowledged() {
		t.Errorf("answer %v", a.err)
	}
	w.expectCodes("told", troubleRefused)
	w.book.refuse = func(*telemetry.Batch) error { return telemetry.ErrBusy }
	refused := make(chan error, 1)
	w.host.Message(context.Background(), Message{Topic: dData, Payload: payload(3, 3, tell(1, Double, 1.0, 2))}, func(err error) { refused <- err })
	if err := <-refused; !errors.Is(err, telemetry.ErrBusy) {
		t.Errorf("a store that cannot: answer %v", err)
	}
	w.stop()
	a := &answer{}
	w.host.Message(context.Background(), Message{Topic: dData, Payload: payload(4, 4, tell(1, Double, 1.0, 2))}, func(err error) { a.told, a.err = a.told+1, err })
	if !errors.Is(a.err, intake.ErrClosed) || a.told != 1 {
		t.Errorf("a closed intake: answer %v", a.err)
	}
}

func TestRunKeepsTimeOutsAndEnds(t *testing.T) {
	w := newWorld(t, Config{})
	w.session(1, 0)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.host.Run(ctx) }()
	a := w.hear(dData, payload(3, 3, tell(1, Double, 2.0, 3)))
	w.mu.Lock()
	w.now = w.now.Add(3 * time.Second)
	w.mu.Unlock()
	for i := 0; a.pending(); i++ {
		if i > 1000 {
			t.Fatal("the time-out does not come")
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s := w.keep.states["G/E"]; len(s.Scopes) != 2 || s.Scopes[1].Trusted {
		t.Errorf("saved at the end: %+v", s)
	}
}
