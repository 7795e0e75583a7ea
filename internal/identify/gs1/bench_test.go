package gs1

import "testing"

const (
	benchText = "(01)09521234543213(17)261231(10)ABC123(21)XYZ98765"
	benchLink = "https://example.com/some/stem/01/09521234543213/10/ABC123/21/XYZ98765?17=261231&linkType=gs1:pip"
)

func BenchmarkParse(b *testing.B) {
	es, err := ParseBracketed(benchText)
	if err != nil {
		b.Fatal(err)
	}
	raw := es.String()
	packed := ""
	b.Run("elements", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			es, err := ParseElements(raw)
			if err == nil {
				err = es.Check()
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("brackets", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseBracketed(benchText); err != nil {
				b.Fatal(err)
			}
		}
	})
	l, err := ParseLink(benchLink)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("link", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseLink(benchLink); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("compress", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			packed = l.Compress()
		}
	})
	b.Run("compressed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decompress(packed); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkBesidePeers reads one element string and one link here and with what others wrote, on one core, in readings per second of
// processor time. BWIPP reads, checks and begins to encode a QR code that is too small; it does not read alone.
func BenchmarkBesidePeers(b *testing.B) {
	rates := ask[map[string]float64](b, "bwip-js", question{Text: benchText}, "time", "1000")
	links := ask[map[string]float64](b, "digital-link.js", map[string]string{"text": benchText, "link": benchLink}, "time", "2000")
	for b.Loop() {
		es, err := ParseBracketed(benchText)
		if err == nil {
			err = es.Check()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	ours := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(ours, "readings/s")
	b.ReportMetric(rates["bwipp"], "BWIPP/s")
	b.ReportMetric(links["toolkit"], "toolkit-links/s")
	b.Logf("ours %.0f, BWIPP %.0f (%.0f times), the toolkit %.0f links", ours, rates["bwipp"], ours/rates["bwipp"], links["toolkit"])
}
