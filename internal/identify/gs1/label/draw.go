package label

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// Size is how large a symbol is drawn, in micrometres.
type Size struct {
	Module int // X-dimension
	Bar    int // height of bars; of no meaning to a matrix
}

// Bounds of sizes. GS1 allows a narrower range for each use (General Specifications, section 5.12); which use it is only the caller
// knows.
const (
	minModule = 100
	maxModule = 3_000
	minBar    = 3_000
	maxBar    = 100_000
)

func (z Size) check(s *Symbol) error {
	if z.Module < minModule || z.Module > maxModule {
		return ErrModule.At("module", z.Module).With("min", minModule).With("max", maxModule)
	}
	if s.bars() && (z.Bar < minBar || z.Bar > maxBar) {
		return ErrBar.At("bar", z.Bar).With("min", minBar).With("max", maxBar)
	}
	return nil
}

// extent is how large the symbol is with its quiet zone.
func (z Size) extent(s *Symbol) (width, height int) {
	width = (s.Width + 2*s.Quiet) * z.Module
	if s.bars() {
		return width, z.Bar
	}
	return width, (s.Height + 2*s.Quiet) * z.Module
}

// SVG draws the symbol with its quiet zone, in millimetres. Errors: ErrModule, ErrBar.
func (s *Symbol) SVG(z Size) ([]byte, error) {
	if err := z.check(s); err != nil {
		return nil, err
	}
	width, height := z.extent(s)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%smm" height="%smm" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img"><title>%s</title><rect width="%d" height="%d" fill="#fff"/><path d="`,
		millimetres(width), millimetres(height), width, height, escaped(s.Text), width, height)
	for _, r := range s.runs() {
		x, y, w, h := s.place(r, z)
		fmt.Fprintf(&b, "M%d %dh%dv%dh-%dz", x, y, w, h, w)
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes(), nil
}

// place is where a stretch stands, in micrometres.
func (s *Symbol) place(r run, z Size) (x, y, width, height int) {
	x, width = (r.x+s.Quiet)*z.Module, r.width*z.Module
	if s.bars() {
		return x, 0, width, z.Bar
	}
	return x, (r.y + s.Quiet) * z.Module, width, z.Module
}

func millimetres(um int) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%03d", um/1000, um%1000), "0"), ".")
}

func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// Bounds of a PNG.
const (
	minDPI    = 72
	maxDPI    = 1200
	maxPixels = 4096 // of an edge
	inch      = 25_400
)

// PNG draws the symbol with its quiet zone at a resolution. Modules are of whole pixels: the picture is of the next smaller size at
// which they are. Errors: ErrModule, ErrBar, ErrResolution.
func (s *Symbol) PNG(z Size, dpi int) ([]byte, error) {
	if err := z.check(s); err != nil {
		return nil, err
	}
	if dpi < minDPI || dpi > maxDPI {
		return nil, ErrResolution.At("dpi", dpi).With("min", minDPI).With("max", maxDPI)
	}
	dot := z.Module * dpi / inch
	width, height := (s.Width+2*s.Quiet)*dot, (s.Height+2*s.Quiet)*dot
	if s.bars() {
		height = z.Bar * dpi / inch
	}
	if dot < 1 || width > maxPixels || height > maxPixels {
		return nil, ErrResolution.At("dpi", dpi).With("min", (inch+z.Module-1)/z.Module).With("max", maxDPI)
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	for _, r := range s.runs() {
		top, bottom := (r.y+s.Quiet)*dot, (r.y+s.Quiet+1)*dot
		if s.bars() {
			top, bottom = 0, height
		}
		for y := top; y < bottom; y++ {
			for x := (r.x + s.Quiet) * dot; x < (r.x+s.Quiet+r.width)*dot; x++ {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
