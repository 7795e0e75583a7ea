package modbus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"jingwei/internal/connect/driver"
)

func planned(t *testing.T, link string, points ...driver.Point) (out []string) {
	t.Helper()
	c, err := ParseConfig([]byte(link))
	if err != nil {
		t.Fatal(err)
	}
	for i := range points {
		points[i].ID = uint32(i)
	}
	p := newPlan(c, points)
	if len(p.wrong) > 0 {
		t.Fatalf("%+v", p.wrong)
	}
	for i := range p.requests {
		out = append(out, p.requests[i].String())
	}
	return out
}

func at(addresses ...string) (points []driver.Point) {
	for _, a := range addresses {
		points = append(points, driver.Point{Address: a})
	}
	return points
}

func TestMergeObeysTheLimits(t *testing.T) {
	wide := func(a, enc string) driver.Point { return driver.Point{Address: a, Encoding: enc} }
	for _, c := range []struct {
		name, limits string
		points       []driver.Point
		want         []string
	}{
		{"neighbours in any order", ``, at("holding:3", "holding:1", "holding:2"), []string{"unit 1 holding 1..3"}},
		{"a gap of 16 is read, of 17 is not", ``, at("holding:0", "holding:17", "holding:35"), []string{"unit 1 holding 0..17", "unit 1 holding 35..35"}},
		{"gap 0 merges neighbours only", `,"maxGap":0`, at("holding:0", "holding:1", "holding:3"), []string{"unit 1 holding 0..1", "unit 1 holding 3..3"}},
		{"125 registers", `,"maxGap":124`, at("holding:0", "holding:124", "holding:125"), []string{"unit 1 holding 0..124", "unit 1 holding 125..125"}},
		{"a wide field does not cross the limit", `,"maxGap":124`, []driver.Point{wide("holding:0", ""), wide("holding:124", "u32")},
			[]string{"unit 1 holding 0..0", "unit 1 holding 124..125"}},
		{"one request per field", `,"maxRegisters":1`, []driver.Point{wide("holding:0", "f32"), wide("holding:2", ""), wide("holding:3", "")},
			[]string{"unit 1 holding 0..1", "unit 1 holding 2..2", "unit 1 holding 3..3"}},
		{"fields within fields", `,"maxRegisters":2`, []driver.Point{wide("holding:0", "u64"), wide("holding:1", ""), wide("holding:2", "u32"), wide("holding:0.5", "")},
			[]string{"unit 1 holding 0..3"}},
		{"areas and units apart", ``, []driver.Point{{Address: "input:1"}, {Address: "holding:1"}, {Unit: "9", Address: "holding:2"}},
			[]string{"unit 1 holding 1..1", "unit 1 input 1..1", "unit 9 holding 2..2"}},
		{"avoided ranges", `,"avoid":["holding:5-6"]`, at("holding:4", "holding:7", "holding:8"), []string{"unit 1 holding 4..4", "unit 1 holding 7..8"}},
		{"2000 bits", `,"maxBitGap":1999`, at("coil:0", "coil:1999", "coil:2000"), []string{"unit 1 coil 0..1999", "unit 1 coil 2000..2000"}},
		{"bits start at a multiple", `,"bitStart":16`, at("coil:19", "coil:21"), []string{"unit 1 coil 16..21"}},
		{"bits start at zero", `,"bitsFromZero":true`, at("discrete:19"), []string{"unit 1 discrete 0..19"}},
		{"bits too far for a start at zero", `,"bitsFromZero":true`, at("discrete:5000"), []string{"unit 1 discrete 5000..5000"}},
		{"the last register", ``, []driver.Point{wide("holding:65532", "f64"), wide("holding:65535", "")}, []string{"unit 1 holding 65532..65535"}},
	} {
		if got := planned(t, `{"address":"h"`+c.limits+`}`, c.points...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Whatever the points and limits: every field is served once, within its request, and no request is over the limit.
func TestPlansAreSound(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		link := fmt.Sprintf(`{"address":"h","maxRegisters":%d,"maxBits":%d,"maxGap":%d,"maxBitGap":%d,"bitStart":%d}`,
			1+r.IntN(125), 64+r.IntN(1937), r.IntN(50), r.IntN(500), 1<<r.IntN(5))
		c, err := ParseConfig([]byte(link))
		if err != nil {
			t.Fatal(err)
		}
		var points []driver.Point
		for id := range uint32(r.IntN(200)) {
			points = append(points, driver.Point{ID: id, Address: fmt.Sprintf("%v:%d", Area(1+r.IntN(4)), r.IntN(3000))})
		}
		served := map[uint32]int{}
		p := newPlan(c, points)
		for _, q := range p.requests {
			limit := c.MaxRegisters
			if q.area.Bits() {
				limit = max(c.MaxBits, c.BitStart)
			}
			if q.count > limit || q.count < 1 || q.start+q.count > 1<<16 {
				t.Fatalf("%v is over the limit %d", &q, limit)
			}
			for _, f := range q.fields {
				if f.Address.Area != q.area || f.Address.Number < q.start || f.Address.Number+f.Width > q.start+q.count {
					t.Fatalf("%v does not hold %v", &q, f.Address)
				}
				served[p.points[f.index].ID]++
			}
		}
		for _, pt := range points {
			if served[pt.ID] != 1 {
				t.Fatalf("%+v is served %d times", pt, served[pt.ID])
			}
		}
	}
}

func TestPlansAreKeptAndBounded(t *testing.T) {
	c := testConfig(t)
	ps := &plans{}
	first := ps.of(c, words("holding", 0, 3))
	if ps.of(c, words("holding", 0, 3)) != first {
		t.Error("the same points were planned twice")
	}
	if ps.of(c, words("holding", 0, 4)) == first {
		t.Error("other points got the same plan")
	}
	for n := range 2 * maxPlans {
		ps.of(c, words("input", 0, n))
		ps.of(c, words("holding", 0, 3)) // stays in use
	}
	if len(ps.list) != maxPlans || ps.of(c, words("holding", 0, 3)) != first {
		t.Errorf("%d plans, or the one in use was dropped", len(ps.list))
	}
}
