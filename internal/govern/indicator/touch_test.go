package indicator_test

import "testing"

// What a definition looks at decides what can change it.
func TestTouched(t *testing.T) {
	l := shipped(t)
	has := func(what, id string) bool {
		for _, d := range l.Touched(what) {
			if d.ID == id {
				return true
			}
		}
		return false
	}
	for _, x := range []struct {
		what, id string
		want     bool
	}{
		{"readings", "machine-networking", true},
		{"readings", "energy-utilisation", true},
		{"readings", "energy-utilisation-increase", true}, // through what it rests on
		{"readings", "online-sales", false},
		{"fact:order", "online-sales", true},
		{"fact:order", "machine-networking", false},
		{"declared:value-added", "energy-utilisation-increase", true},
		{"declared:main-meter.0190", "energy-utilisation", true},
		{"declared:nothing", "energy-utilisation", false},
		{"entry:facilities", "energy-network-cities", true},
	} {
		if has(x.what, x.id) != x.want {
			t.Errorf("%s and %s: not %v", x.what, x.id, x.want)
		}
	}
	if l.LooksElsewhere(l.Definition("machine-networking")) || !l.LooksElsewhere(l.Definition("energy-utilisation-increase")) {
		t.Error("a change looks at its baseline, a rate at its own period")
	}
}
