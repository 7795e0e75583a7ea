package assess_test

import (
	"math/rand/v2"
	"testing"

	"jingwei/internal/govern/assess"
)

// BenchmarkQuick scores a sheet of all 31 questions of 2024: level and points.
func BenchmarkQuick(b *testing.B) {
	x := get(b, "sme2024")
	s := with(exactly(b, "60"), 3, 5, 3)
	b.ReportAllocs()
	for b.Loop() {
		if x.Quick(s, assess.E0).Level != 3 {
			b.Fatal("another level")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "scorings/s")
}

// BenchmarkAssess makes the whole explained result, declared and evidenced.
func BenchmarkAssess(b *testing.B) {
	x := get(b, "sme2024")
	s := with(exactly(b, "60"), 3, 5, 3)
	for b.Loop() {
		if _, err := x.Assess(s, assess.E1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "results/s")
}

// BenchmarkPath finds the cheapest path from nothing to the top level of 2024.
func BenchmarkPath(b *testing.B) {
	x := get(b, "sme2024")
	for b.Loop() {
		if _, err := x.Path(&assess.Sheet{}, assess.Ask{Target: 4}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDistribution benchmarks 40,000 enterprises by industry, size and place with suppression.
func BenchmarkDistribution(b *testing.B) {
	list := firms(rand.New(rand.NewPCG(1, 2)), 40_000, 31, 4, 21)
	for b.Loop() {
		assess.Benchmark(list, 4, assess.ByIndustry, assess.BySize, assess.ByPlace)
	}
}
