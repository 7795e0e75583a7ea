package rollup

import (
	"bytes"
	"testing"
)

// A short run: everything that is measured but the speed is judged here too.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	r, err := Run(t.Context(), Options{Seed: 3, Enterprises: 700, Indicators: 8, Months: 2}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if r.Figures["figures"] != 16 {
		t.Errorf("%v\n%s", r.Figures, out.String())
	}
}
