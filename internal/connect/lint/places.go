package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// place is what a point takes of its device, in half registers of an area; a bit takes none of its register.
type place struct {
	point      int
	area       string
	start, end int
}

// placesOf tells where a protocol keeps a point; a protocol without an entry is judged by the address alone.
var placesOf = map[string]func(driver.Point) (place, bool){
	"modbus": func(p driver.Point) (place, bool) {
		f, err := modbus.Compile(modbus.Config{}, p)
		if err != nil {
			return place{}, false // the driver has said so
		}
		out := place{area: f.Address.Area.String(), start: 2 * f.Address.Number, end: 2 * (f.Address.Number + f.Width)}
		if f.Address.Bit >= 0 { // of a register: its own place among the bits
			out.area += " bits"
			out.start = 16*f.Address.Number + f.Address.Bit
			out.end = out.start + 1
		}
		switch strings.ToLower(p.Encoding) {
		case "i8h", "u8h":
			out.end--
		case "i8l", "u8l":
			out.start++
		}
		return out, true
	},
}

// overlaps finds points that lie on each other's registers. A bit of a register that is also read whole is how status
// words are told; two points that read the very same are one too many, but do no harm.
func (l *linter) overlaps(t *template.Template, d driver.Driver, points []driver.Point) {
	at, known := placesOf[t.Driver]
	if !known {
		l.sameAddress(t, d, points)
		return
	}
	var places []place
	for i, p := range points {
		if x, ok := at(p); ok {
			x.point = i
			places = append(places, x)
		}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.area, b.area), cmp.Compare(a.start, b.start), cmp.Compare(a.point, b.point))
	})
	widest := 0 // of those before: the one that reaches furthest
	for i := 1; i < len(places); i++ {
		a, b := places[widest], places[i]
		if a.area == b.area && b.start < a.end {
			l.clash(t, points, min(a.point, b.point), max(a.point, b.point))
		}
		if a.area != b.area || b.end > a.end {
			widest = i
		}
	}
}

// sameAddress finds points with one address in a protocol whose addresses do not overlap otherwise.
func (l *linter) sameAddress(t *template.Template, d driver.Driver, points []driver.Point) {
	first := map[string]int{}
	for i, p := range points {
		address := p.Address
		if n, ok := d.(driver.Addresser); ok {
			if canonical, err := n.Normalize(address); err == nil {
				address = canonical
			}
		}
		if j, taken := first[address]; taken {
			l.clash(t, points, j, i)
			continue
		}
		first[address] = i
	}
}

// metrics judges points that are addressed by the name of a metric: one metric feeds one point.
func (l *linter) metrics(t *template.Template) {
	first := map[string]int{}
	for i, p := range t.Points {
		if j, taken := first[p.Address]; taken {
			l.add(Finding{Code: "overlap", Where: fmt.Sprintf("points[%d].address", i), Value: p.Address,
				Text: text.Text{Zh: fmt.Sprintf("与第 %d 个测点（%s）的指标名相同", j+1, t.Points[j].Key), En: fmt.Sprintf("is also the metric of point %d (%s)", j+1, t.Points[j].Key)},
				Mend: text.Text{Zh: "一个指标只能对应一个测点", En: "One metric feeds one point"}})
			continue
		}
		first[p.Address] = i
	}
}

func (l *linter) clash(t *template.Template, points []driver.Point, i, j int) {
	a, b := points[i], points[j]
	same := a.Address == b.Address && a.Encoding == b.Encoding && a.Order == b.Order && a.Scale == b.Scale && a.Offset == b.Offset && a.Type == b.Type
	f := Finding{Code: "overlap", Where: fmt.Sprintf("points[%d].address", j), Value: b.Address, Doubt: same,
		Text: text.Text{
			Zh: fmt.Sprintf("与第 %d 个测点 %s（%s %s）重叠", i+1, t.Points[i].Key, a.Address, a.Encoding),
			En: fmt.Sprintf("lies on the registers of point %d, %s (%s %s)", i+1, t.Points[i].Key, a.Address, a.Encoding)},
		Mend: text.Text{
			Zh: "请对照手册核对地址和编码宽度；同一寄存器的各位可写成 holding:5.3",
			En: "Check address and width of the encoding against the manual; bits of a register are written holding:5.3"}}
	if same {
		f.Code, f.Mend = "duplicate", text.Text{Zh: "两个测点读到的完全相同，去掉一个即可", En: "Both read the very same; one is enough"}
	}
	l.add(f)
}

// names finds points whose names people could not tell apart.
func (l *linter) names(t *template.Template) {
	seen := map[string]int{}
	for i, p := range t.Points {
		for _, name := range []string{"zh " + p.Name.Zh, "en " + strings.ToLower(p.Name.En)} {
			other, taken := seen[name]
			if !taken {
				seen[name] = i
				continue
			}
			q := t.Points[other]
			l.add(Finding{Code: "name", Where: fmt.Sprintf("points[%d].name.%s", i, name[:2]), Value: p.Name.In(name[:2]),
				Text: text.Text{
					Zh: fmt.Sprintf("与第 %d 个测点（%s）的名称相同或只有大小写不同", other+1, q.Key),
					En: fmt.Sprintf("is also the name of point %d (%s), or differs in case only", other+1, q.Key)},
				Mend: text.Text{Zh: "请写明相别、轴号或位置", En: "Say which phase, axis or place it is"}})
		}
	}
}

// bounds are the raw values that an integer encoding can hold.
func bounds(encoding string) (lo, hi int64, ok bool) {
	e := strings.TrimRight(strings.ToLower(encoding), "hl")
	if e == "" { // the drivers' default for a register
		e = "u16"
	}
	bits, err := strconv.Atoi(strings.TrimLeft(e, "iu"))
	if err != nil || bits < 8 || bits > 32 {
		return 0, 0, false
	}
	if e[0] == 'u' {
		return 0, 1<<bits - 1, true
	}
	return -1 << (bits - 1), 1<<(bits-1) - 1, e[0] == 'i'
}

// values finds named values that the encoding can never show.
func (l *linter) values(t *template.Template) {
	for i, p := range t.Points {
		lo, hi, ok := bounds(p.Encoding)
		if !ok || len(p.Values) == 0 || p.Type.Telemetry() != telemetry.Int64 || p.Scale != 0 && p.Scale != 1 || p.Offset != 0 {
			continue
		}
		for j, v := range p.Values {
			if v.Value < lo || v.Value > hi {
				l.add(Finding{Code: "values", Where: fmt.Sprintf("points[%d].values[%d].value", i, j), Value: strconv.FormatInt(v.Value, 10),
					Text: text.Text{Zh: fmt.Sprintf("%s 只能表示 %d 到 %d", p.Encoding, lo, hi), En: fmt.Sprintf("%s holds %d to %d", p.Encoding, lo, hi)},
					Mend: text.Text{Zh: "请改正数值，或换用更宽的编码", En: "Correct the value, or take a wider encoding"}})
			}
		}
	}
}
