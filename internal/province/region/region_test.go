package region

import (
	"strings"
	"testing"

	"jingwei/internal/kernel/proof"
)

func TestTheRegionIsWhatTheDemoSays(t *testing.T) {
	r := proof.Must(Load())
	own, hosted, cities, parks := 0, 0, 0, 0
	for i := range r.Nodes {
		n := &r.Nodes[i]
		hosted += len(n.Hosts)
		switch {
		case n.Firm != "":
			own++
		case n.Kind == "park":
			parks++
		default:
			cities++
		}
	}
	if own != 2 || hosted != 4 || cities != 2 || parks != 1 || len(r.Enterprises) != 6 {
		t.Errorf("%d enterprises, %d with a node of their own, %d hosted, %d cities, %d parks", len(r.Enterprises), own, hosted, cities, parks)
	}
	moved := 0
	for i := range r.Enterprises {
		e := &r.Enterprises[i]
		mains := 0
		for _, m := range e.Machines {
			if m.Main {
				mains++
			}
		}
		if mains == 0 || e.Books.Cost == 0 || len(e.Books.Systems) == 0 || len(e.Places) == 0 {
			t.Errorf("%s has %d main meters, %d systems and %d places", e.Firm, mains, len(e.Books.Systems), len(e.Places))
		}
		if e.Moved != nil {
			moved++
		}
	}
	if moved != 1 {
		t.Errorf("%d enterprises moved", moved)
	}
}

func TestWhatCouldBeTakenForRealIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*Region){
		"does not end": func(r *Region) { r.Nodes[0].Name.Zh = "棠汀市工业平台" },
		"examples":     func(r *Region) { r.Nodes[2].Code = "91990200MADEP00184" },
		"no firm":      func(r *Region) { r.Nodes[0].Hosts = []string{"nobody"} },
		"no node":      func(r *Region) { r.Enterprises[0].Places[0].Node = "nowhere" },
		"no points":    func(r *Region) { r.Enterprises[0].Machines[0].Template = "gas-turbine-opcua" },
		"转向节":          func(r *Region) { r.Enterprises[0].Books.Goods[0] = "转向节" },
		"not there":    func(r *Region) { r.Events[0].Node = "nowhere" },
	} {
		r := proof.Must(Load())
		spoil(r)
		if err := r.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
