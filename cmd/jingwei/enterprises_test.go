package main

import (
	"testing"

	"jingwei/internal/kernel/field"
)

// An enterprise counts where it was on the day: one that has moved does not move what was counted before.
func TestPlaceOnADay(t *testing.T) {
	r := field.Record{"region": "990100", "cluster": "motors", "places": []field.Record{
		{"region": "990200", "to": "2026-04-30"},
		{"region": "990100", "cluster": "drives", "from": "2026-05-01", "to": "2026-08-31"},
	}}
	for day, want := range map[string][2]string{"2025-12-31": {"990200", ""}, "2026-04-30": {"990200", ""}, "2026-05-01": {"990100", "drives"}, "2026-09-01": {"990100", "motors"}} {
		if region, cluster := placeOn(r, day); region != want[0] || cluster != want[1] {
			t.Errorf("%s: %s %s", day, region, cluster)
		}
	}
}
