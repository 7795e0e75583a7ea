package template

import (
	"fmt"
	"strings"

	"jingwei/internal/kernel/text"
)

// fillIn gives points what they leave to the template.
func (t *Template) fillIn() {
	if t.Tested == "" {
		t.Tested = TestedNone
	}
	for i := range t.Points {
		p := &t.Points[i]
		if p.Every == 0 {
			p.Every = t.Every
		}
		if p.MaxSilence == 0 {
			p.MaxSilence = t.MaxSilence
		}
		if p.Order == "" && p.Type != "bool" && p.Type != "string" {
			p.Order = t.Order
		}
		if p.Report == "" {
			p.Report = "periodic"
		}
	}
}

// Faults fills in what points leave to the template and returns what is wrong with it, in the order in which it stands
// there. What needs a driver to judge is internal/connect/lint's business; header and syntax are pack's.
func (t *Template) Faults() (out []Fault) {
	t.fillIn()
	bad := func(field string, value any, zh, en string) {
		out = append(out, Fault{field, fmt.Sprint(value), text.Text{Zh: zh, En: en}})
	}
	if t.Driver == "" {
		bad("driver", "", "缺少驱动；请写协议名，例如 modbus", "is missing; name the protocol, such as modbus")
	}
	if t.Class == "" {
		bad("class", "", "缺少设备类别；请写 packs/equipment 中的一个", "is missing; name an equipment class of packs/equipment")
	}
	switch t.Tested {
	case TestedNone, TestedFrames, TestedPeer:
	default:
		bad("tested", t.Tested, "应为 none、frames 或 peer", "use none, frames or peer")
	}
	if t.Baud != 0 && (t.Baud < 300 || t.Baud > 1_000_000) {
		bad("baud", t.Baud, "应在 300 到 1000000 之间", "must be within 300 and 1000000")
	}
	if n := len(t.Points); n == 0 || n > MaxPoints {
		bad("points", n, fmt.Sprintf("有 %d 个测点，应为 1 到 %d 个", n, MaxPoints), fmt.Sprintf("has %d points; want 1 to %d", n, MaxPoints))
	}
	for _, d := range []struct {
		field string
		value Duration
	}{{"every", t.Every}, {"maxSilence", t.MaxSilence}, {"recording.step", t.Recording.Step}} {
		if d.value < 0 {
			bad(d.field, "", "不是时长；请写成 500ms、10s 或 15m", "is not a duration; write it as 500ms, 10s or 15m")
		}
	}
	keys := map[string]int{}
	for i := range t.Points {
		p := &t.Points[i]
		at := fmt.Sprintf("points[%d].", i)
		keyFaults(keys, i, p.Key, func(zh, en string) { bad(at+"key", p.Key, zh, en) })
		if p.Name.Zh == "" || p.Name.En == "" {
			bad(at+"name", p.Name.In("en"), "须同时有 zh 和 en", "needs zh and en")
		}
		for _, f := range p.Faults() {
			f.Field = at + f.Field
			out = append(out, f)
		}
		for j, v := range p.Values {
			if v.Name.Zh == "" || v.Name.En == "" {
				bad(fmt.Sprintf("%svalues[%d].name", at, j), v.Name.In("en"), "须同时有 zh 和 en", "needs zh and en")
			}
		}
		p.checkRecorded(t, func(field, what string) {
			bad(at+field, "", "回放数据的说明有误："+what, what)
		})
	}
	return out
}

// keyFaults finds a key that is used twice, or that differs from another in case only: exports to systems that do not
// tell cases apart would mix them up.
func keyFaults(seen map[string]int, i int, key string, bad func(zh, en string)) {
	low := strings.ToLower(key)
	first, twice := seen[key]
	other, alike := seen["\x00"+low]
	switch {
	case key == "":
	case twice:
		bad(fmt.Sprintf("键 %q 用了两次（第 %d 个测点已用）", key, first+1), fmt.Sprintf("%q is used twice (point %d has it)", key, first+1))
	case alike:
		bad(fmt.Sprintf("与第 %d 个测点的键只有大小写不同", other+1), fmt.Sprintf("%q differs from the key of point %d in case only", key, other+1))
	}
	if !twice {
		seen[key] = i
	}
	if !alike {
		seen["\x00"+low] = i
	}
}
