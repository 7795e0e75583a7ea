package plant_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/sheet"
	"jingwei/internal/plant/template"
)

// randomPlant fills an organisation with whatever may stand in a plant.
func randomPlant(h *house, r *rand.Rand) {
	names := []string{"一厂", "Halle 2", "=SUM(A1)", "'quoted'", "#3 炉", "a, b; c|d", `back\slash "x"`, "-40 °C", "true", "0012", "线=1", "ä ö ü", "@home", "yes"}
	pick := func() text.Text {
		t := text.Text{Zh: names[r.IntN(len(names))] + fmt.Sprint(r.IntN(1e6))}
		switch r.IntN(3) {
		case 0:
			t.En = "en " + t.Zh
		case 1:
			t = text.Text{En: t.Zh}
		}
		return t
	}
	parents := map[plant.Kind][]uuid.UUID{}
	all := []plant.Kind{plant.Site, plant.Area, plant.Line, plant.Machine}
	for i := range 30 {
		kind := all[min(r.IntN(6), 3)]
		if i == 0 {
			kind = plant.Site
		}
		q := plant.NewNode{Org: steel, Kind: kind, Name: pick(), From: day(r.IntN(3))}
		if kind != plant.Site {
			var above []uuid.UUID
			for _, k := range all {
				if kind.Stands(k) {
					above = append(above, parents[k]...)
				}
			}
			q.Parent = above[r.IntN(len(above))]
			q.From = day(3 + i)
		}
		if kind == plant.Machine {
			switch r.IntN(3) {
			case 0:
				q.Template = []string{"power-meter-steel", "cnc-mill-smart-testbed", "siemens-pac3200"}[r.IntN(3)]
			case 1:
				q.Class = "large-machine"
			}
			if r.IntN(2) == 0 {
				q.Points = randomPoints(r, pick)
			}
		}
		n, err := h.Create(ctx, scope(steel), q)
		if err != nil {
			h.t.Fatal(err)
		}
		parents[kind] = append(parents[kind], n.ID)
	}
}

func randomPoints(r *rand.Rand, pick func() text.Text) []template.Point {
	out := make([]template.Point, 1+r.IntN(5))
	for i := range out {
		p := template.Point{Key: fmt.Sprintf("k%d.x%d", i, r.IntN(100)), Name: pick(), Type: "float64", Unit: []string{"1", "%", "kW.h", "Cel", "V.A{reactive}"}[r.IntN(5)],
			Address: []string{"holding:1", "ns=2;s=Temp,1", "-x", "=y", "a: b", "0x10", "1.5"}[r.IntN(7)], Encoding: "f32", Every: template.Duration(time.Duration(1+r.IntN(5000)) * 10 * time.Millisecond)}
		p.MaxSilence = p.Every * template.Duration(1+r.IntN(9))
		p.Scale, p.Offset = []float64{0, 1, 0.1, -2.5e-7, 1e21}[r.IntN(5)], []float64{0, -40, 0.30000000000000004}[r.IntN(3)]
		if r.IntN(3) == 0 {
			p.Report = "onChange"
		}
		switch r.IntN(4) {
		case 0:
			p.Type, p.Unit, p.Scale, p.Offset = "bool", "", 0, 0
		case 1:
			p.Type, p.Scale, p.Offset = "int64", 0, 0
			for v := range r.IntN(4) {
				p.Values = append(p.Values, template.Value{Value: int64(v) - 1, Name: pick()})
			}
		}
		if r.IntN(2) == 0 {
			p.Order = "CDAB"
		}
		out[i] = p
	}
	return out
}

// What is exported, in any format and language, changes nothing when it is imported; and without ids it builds the same
// plant in another organisation.
func TestAnExportIsTheWholePlant(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 7))
		h := open(t, storetest.SQLite(t))
		randomPlant(h, r)
		h.now = day(200)
		before := h.picture(steel)
		for _, f := range formats {
			for _, lang := range []string{"zh", "en"} {
				for _, bare := range []bool{false, true} {
					data := h.export(steel, f, lang, bare)
					out, err := h.Import(ctx, scope(steel), plant.Import{Org: steel, Data: data, Prune: true, Reason: "x"})
					if err != nil || len(out.Errors) > 0 || len(out.Changes) > 0 || !out.Applied {
						t.Fatalf("seed %d, %s, %s, bare %v: %v, %+v\n%s", seed, f, lang, bare, err, out, before)
					}
				}
			}
		}
		if h.picture(steel) != before {
			t.Fatalf("seed %d: the plant was changed", seed)
		}
		f := formats[seed%3]
		h.load(plant.Import{Org: mills, Data: h.export(steel, f, "en", true), Prune: true, Reason: "copy"})
		if got := h.picture(mills); sortedLines(got) != sortedLines(before) {
			t.Errorf("seed %d, %s: the copy differs:\n%s\n%s", seed, f, got, before)
		}
	}
}

func sortedLines(s string) string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Ten thousand points are imported, changed and read again, on both databases.
func TestTenThousandPoints(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		step := func(what string, from time.Time) { t.Logf("%s: %v", what, time.Since(from).Round(time.Millisecond)) }
		start := time.Now()
		out := h.load(plant.Import{Data: big(10_000)})
		step("import 10,000 points", start)
		if out.Counts.Create != 10_000+100+2+1 || out.More.Changes == 0 || len(out.Changes) != 1000 || len(h.series.declared) != 10_000 {
			t.Errorf("%+v, %d listed, %d more", out.Counts, len(out.Changes), out.More.Changes)
		}
		for _, f := range formats {
			if db.Engine() == store.Postgres && f != sheet.CSV {
				continue // the files are the same
			}
			start = time.Now()
			data := h.export(steel, f, "zh", false)
			step(fmt.Sprintf("export %s, %d KiB", f, len(data)>>10), start)
			start = time.Now()
			if same := h.load(plant.Import{Data: data, DryRun: true}); len(same.Changes) > 0 || same.Counts.None != 10_103 {
				t.Errorf("%s: %+v", f, same.Counts)
			}
			step("dry run", start)
		}
		h.now = day(31)
		start = time.Now()
		changed := h.load(plant.Import{Data: []byte(strings.ReplaceAll(string(big(10_000)), ",5s", ",6s"))})
		step("change 10,000 points", start)
		if changed.Counts.Update != 10_000 {
			t.Errorf("%+v", changed.Counts)
		}
		h.now = day(32)
		start = time.Now()
		gone := h.load(plant.Import{Data: []byte("site\n一厂\n"), Prune: true, Reason: "x"})
		step("retire them", start)
		if gone.Counts.Retire != 102 {
			t.Errorf("%+v", gone.Counts)
		}
		if left, _, err := h.Points(ctx, scope(steel), plant.PointFilter{}, store.Page{}); err != nil || len(left) != 0 {
			t.Errorf("%d left, %v", len(left), err)
		}
	})
}
