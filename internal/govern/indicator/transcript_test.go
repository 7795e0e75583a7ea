package indicator_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/proof"
)

// again builds the definitions that one rests on from their files, with what a transcript knows of the vocabulary, as somebody does who has
// no node.
func again(t *testing.T, l *indicator.Library, d *indicator.Definition, words indicator.Known) (*indicator.Library, *indicator.Definition) {
	t.Helper()
	var list []*indicator.Definition
	for _, x := range l.Below(d) {
		b := proof.Must(os.ReadFile("../../../packs/indicators/" + x.ID + ".yaml"))
		list = append(list, proof.Must(pack.Decode[indicator.Definition]("indicators/"+x.ID+".yaml", b)))
	}
	out := proof.Must(indicator.NewLibrary(list, nil, nil, words))
	return out, out.Definition(d.ID)
}

// Whatever an observation was gathered from, its transcript, written and read again, gives the same bytes without the node; cut short it
// gives none.
func TestATranscriptGivesTheSameObservation(t *testing.T) {
	l := shipped(t)
	cases := goldens(t)
	known := 0
	for _, target := range l.Targets("", "2018-06-01") {
		d := l.Definition(target.Indicator)
		x, ok := cases[target.ID]
		if !ok || d.Of != indicator.OfEnterprise {
			continue
		}
		w := newWorld(t)
		var firms []uuid.UUID
		for range 8 {
			firms = append(firms, w.firm("990100"))
		}
		x.set(w, firms)
		w.deny(firms[3], "plant")
		p, _ := indicator.PeriodBy(d.Period, x.on)
		baseline := ""
		if target.Baseline != nil {
			baseline = target.Baseline.Date
		}
		for i, org := range firms[:5] {
			asked := indicator.Asked{Keeper: w.keeper, Firm: w.firms[slices.IndexFunc(w.firms, func(e indicator.Enterprise) bool { return e.Org == org })], Period: p, Baseline: baseline}
			v, recorded, err := w.service.Recorded(officer(t), d, asked)
			if err != nil {
				t.Fatal(err)
			}
			want := proof.Must(w.service.Observe(officer(t), d, asked)).Observation()
			var read indicator.Transcript
			if err := json.Unmarshal(proof.Must(json.Marshal(recorded)), &read); err != nil {
				t.Fatal(err)
			}
			lib, def := again(t, l, d, read.Fields)
			got, err := indicator.Replay(lib, def, &read)
			if err != nil {
				t.Fatalf("%s: %v", target.ID, err)
			}
			if o := got.Observation(); string(o.Encode()) != string(want.Encode()) || got.Filled() != v.Filled() {
				t.Errorf("%s of enterprise %d: %s, and %s from its transcript", target.ID, i, v.Filled(), got.Filled())
			}
			if v.Num != nil {
				known++
			}
			if read.Facts, read.Entries, read.Fleets, read.Counters, read.Checkups = nil, nil, nil, nil, nil; len(recorded.Facts)+len(recorded.Entries)+len(recorded.Fleets)+len(recorded.Counters)+len(recorded.Checkups) > 0 {
				if _, err := indicator.Replay(lib, def, &read); !errors.Is(err, indicator.ErrTranscript) {
					t.Errorf("%s: an empty transcript: %v", target.ID, err)
				}
			}
		}
	}
	if known < 20 {
		t.Errorf("only %d values were known", known)
	}
}
