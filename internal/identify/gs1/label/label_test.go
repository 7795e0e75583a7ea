package label

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/internal/identify/gs1"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/peertest"
)

const (
	drugPack = "(01)06901234567892(17)271231(10)LOT-7/A(21)A1b2C3"
	pallet   = "(00)106141412345678908"
	stem     = "https://id.firm.example/x"
)

func elements(t testing.TB, s string) gs1.Elements {
	t.Helper()
	es, err := gs1.ParseBracketed(s)
	if err != nil {
		t.Fatal(err)
	}
	return es
}

type seen struct {
	Text, Format, ID string
	X, Y             int
}

// decode has ZXing-C++ read pictures.
func decode(t testing.TB, pngs ...[]byte) (out [][]seen) {
	t.Helper()
	dir := peertest.Node(t, "zxing-wasm")
	in := make([]string, len(pngs))
	for i, p := range pngs {
		in[i] = base64.StdEncoding.EncodeToString(p)
	}
	cmd := exec.Command("node", filepath.Join(dir, "zxing.mjs"))
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(proof.Must(json.Marshal(in))), os.Stderr
	answer, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, &out); err != nil || len(out) != len(pngs) {
		t.Fatalf("%v: %.200s", err, answer)
	}
	return out
}

// TestSymbolsAreReadByAnother: what ZXing-C++ reads, symbology identifier and all, are the elements that went in.
func TestSymbolsAreReadByAnother(t *testing.T) {
	texts := []string{drugPack, pallet, "(01)09506000134352", "(01)09506000134352(3103)001500(15)271231", "(8003)09506000134352A1(90)x", "(253)9506000134352DOC1",
		"(414)9506000134352(254)DOOR-1", "(01)09506000134352(10)a(21)b(240)c(91)d"}
	var pngs [][]byte
	var wanted []string
	for _, text := range texts {
		es := elements(t, text)
		for _, kind := range []Kind{QR, DataMatrix, GS1128} {
			s, err := Encode(kind, es, stem)
			if err != nil {
				t.Fatalf("%s as %s: %v", text, kind, err)
			}
			png, err := s.PNG(Size{500, 20_000}, 300)
			if err != nil {
				t.Fatal(err)
			}
			pngs = append(pngs, png)
			if kind == QR {
				wanted = append(wanted, "]Q1"+proof.Must(gs1.BuildLink(stem, es)).String())
			} else {
				wanted = append(wanted, map[Kind]string{DataMatrix: "]d2", GS1128: "]C1"}[kind]+es.Arranged().String())
			}
		}
	}
	for i, found := range decode(t, pngs...) {
		if len(found) != 1 || found[0].ID+found[0].Text != wanted[i] {
			t.Errorf("%s %s: read %+v, want %q", texts[i/3], []Kind{QR, DataMatrix, GS1128}[i%3], found, wanted[i])
			continue
		}
		// and our own reader takes what the scanner sends
		r, err := gs1.ParseScan(found[0].ID + found[0].Text)
		if err != nil || len(r.Elements) != len(elements(t, texts[i/3])) {
			t.Errorf("%q: %v", found[0].Text, err)
		}
	}
}

// TestSVGIsInMillimetres: the file says how large it is, and holds the modules.
func TestSVGIsInMillimetres(t *testing.T) {
	s := proof.Must(Encode(QR, elements(t, "(01)09506000134352"), stem))
	svg := string(proof.Must(s.SVG(Size{Module: 396})))
	edge := float64((s.Width+8)*396) / 1000
	if want := fmt.Sprintf(`width="%gmm" height="%gmm"`, edge, edge); !strings.Contains(svg, want) {
		t.Errorf("%.200s lacks %s", svg, want)
	}
	dark := 0
	for y := range s.Height {
		for x := range s.Width {
			if s.Dark(x, y) {
				dark++
			}
		}
	}
	modules := 0
	for _, part := range strings.Split(svg, "h")[1:] {
		var w int
		if n, _ := fmt.Sscanf(part, "%dv396", &w); n == 1 && w > 0 {
			modules += w / 396
		}
	}
	if modules < dark {
		t.Errorf("%d of %d modules are drawn", modules, dark)
	}
	s.Text = `a<b>&"`
	if svg := string(proof.Must(s.SVG(Size{Module: 396}))); !strings.Contains(svg, "<title>a&lt;b&gt;&amp;\"</title>") {
		t.Errorf("%.300s", svg)
	}
}

func sheet(t testing.TB, n int) *Sheet {
	s := &Sheet{Kind: DataMatrix, Stem: stem, Width: 48_500, Height: 25_400, Margin: 8_000, Gap: 2_000, Skip: 3, Size: Size{Module: 500, Bar: 12_000}, Lang: "zh-CN",
		At: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	for i := range n {
		s.Labels = append(s.Labels, Label{"示范药业 阿莫西林胶囊", elements(t, fmt.Sprintf("(01)06901234567892(17)271231(10)L7(21)S%04d", i+1))})
	}
	return s
}

// TestSheetIsReadFromPaper: the PDF, rasterised by Poppler, is read by ZXing-C++: every label once, at its place, at its size; the text
// beside it is there.
func TestSheetIsReadFromPaper(t *testing.T) {
	pdftoppm, pdftotext := peertest.Require(t, "pdftoppm"), peertest.Require(t, "pdftotext")
	for _, kind := range []Kind{DataMatrix, QR, GS1128} {
		s := sheet(t, 27)
		s.Kind = kind
		if kind == GS1128 {
			s.Width, s.Height, s.Size.Module = 110_000, 30_000, 330
		}
		if kind == QR {
			s.Height = 30_000
		}
		pdf, err := s.PDF()
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if again := proof.Must(s.PDF()); !bytes.Equal(pdf, again) {
			t.Errorf("%s: two files differ", kind)
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "labels.pdf")
		if err := os.WriteFile(file, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(pdftoppm, "-r", "200", "-gray", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		names, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
		var pages [][]byte
		for _, n := range names {
			pages = append(pages, proof.Must(os.ReadFile(n)))
		}
		serials := map[string]int{}
		for page, found := range decode(t, pages...) {
			for _, f := range found {
				r, err := gs1.ParseScan(f.ID + f.Text)
				if err != nil {
					t.Errorf("%s: %q: %v", kind, f.Text, err)
					continue
				}
				serial, _ := r.Elements.Value("21")
				serials[serial]++
				if page == 0 && serial == "S0001" { // three places were used up
					columns, _, _ := s.places()
					left := (pageWidth - columns*(s.Width+s.Gap) + s.Gap) / 2
					if x := f.X * 25_400 / 200; 3 < columns && (x < left+3*(s.Width+s.Gap) || x > left+3*(s.Width+s.Gap)+6_000) {
						t.Errorf("%s: the first label stands at %d µm", kind, x)
					}
				}
			}
		}
		if len(serials) != 27 {
			t.Errorf("%s: %d of 27 labels are read", kind, len(serials))
		}
		text, err := exec.Command(pdftotext, "-layout", file, "-").Output()
		if err != nil || !bytes.Contains(text, []byte("(21) S0027")) || !bytes.Contains(text, []byte("阿莫西林胶囊")) {
			t.Errorf("%s: %v %.300s", kind, err, text)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	es := elements(t, drugPack)
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"too much for bars": {func() error {
			_, err := Encode(GS1128, elements(t, "(01)09506000134352(240)"+strings.Repeat("A", 30)+"(10)123456"), stem)
			return err
		}, ErrCapacity},
		"too much for a QR code": {func() error {
			_, err := encodeQR(strings.Repeat("é", 3000))
			return err
		}, ErrCapacity},
		"a module": {func() error { _, err := proof.Must(Encode(QR, es, stem)).SVG(Size{Module: 50}); return err }, ErrModule},
		"a bar":    {func() error { _, err := proof.Must(Encode(GS1128, es, stem)).SVG(Size{Module: 500}); return err }, ErrBar},
		"a resolution": {func() error {
			_, err := proof.Must(Encode(QR, es, stem)).PNG(Size{Module: 500}, 10)
			return err
		}, ErrResolution},
		"too large a picture": {func() error {
			_, err := proof.Must(Encode(QR, es, stem)).PNG(Size{Module: 3000}, 1200)
			return err
		}, ErrResolution},
		"no labels":       {func() error { _, err := sheet(t, 0).PDF(); return err }, ErrSheet},
		"a narrow label":  {func() error { s := sheet(t, 1); s.Width = 20_000; _, err := s.PDF(); return err }, ErrFit},
		"a wide label":    {func() error { s := sheet(t, 1); s.Width = 300_000; _, err := s.PDF(); return err }, ErrSheet},
		"too many places": {func() error { s := sheet(t, 1); s.Skip = 1000; _, err := s.PDF(); return err }, ErrSheet},
		"two lines":       {func() error { s := sheet(t, 1); s.Labels[0].Title = "a\nb"; _, err := s.PDF(); return err }, ErrSheet},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	lone, _ := gs1.ParseBracketed("(10)A")
	if _, err := Encode(DataMatrix, lone, stem); err == nil {
		t.Error("a lot alone is drawn")
	}
}

func TestEveryProblemHasWords(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}
