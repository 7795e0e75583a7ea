package lint_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/lint"
	"jingwei/internal/plant/class"
	"jingwei/packs"
)

func options(t testing.TB) lint.Options {
	t.Helper()
	classes, err := class.Load(packs.Files, "equipment")
	if err != nil {
		t.Fatal(err)
	}
	return lint.Options{
		Drivers: map[string]driver.Driver{"modbus": modbus.New()}, Sources: []string{"mqtt", "sparkplug", "push"}, Classes: class.All(classes),
	}
}

// head has ten lines; the points follow, one a line.
const head = `id: meter
version: 1.0.0
source: "Manual M-1, revision 2, section 3"
name: {zh: 表, en: Meter}
class: plant-auxiliary
driver: modbus
every: 5s
maxSilence: 30s
link: {maxRegisters: 50}
points:
`

const good = `  - {key: a, name: {zh: 甲, en: A}, type: float64, unit: V, address: "holding:0", encoding: f32}
`

func TestWhatIsWrongIsToldWithPlaceAndMend(t *testing.T) {
	o := options(t)
	for what, c := range map[string]struct {
		from, to string // replaced in head
		points   string // after good
		want     string // a line of the findings
		zh       string // part of it in Chinese
		doubt    bool
	}{
		"two points at one address": {points: `  - {key: b, name: {zh: 乙, en: B}, type: int64, unit: "1", address: "holding:0", encoding: u32}`,
			want: `devices/meter.yaml:12:69: points[1].address "holding:0": lies on the registers of point 1, a (holding:0 f32). Check address`, zh: "与第 1 个测点 a（holding:0 f32）重叠"},
		"half of another point": {points: `  - {key: b, name: {zh: 乙, en: B}, type: float64, unit: V, address: "40002", encoding: f32}`,
			want: `12:69: points[1].address "40002": lies on the registers of point 1`, zh: "重叠"},
		"inside a wide one": {points: `  - {key: s, name: {zh: 串, en: S}, type: string, address: "holding:10", encoding: "string:20"}
  - {key: c, name: {zh: 丙, en: C}, type: int64, unit: "1", address: "holding:11", encoding: u16}
  - {key: d, name: {zh: 丁, en: D}, type: int64, unit: "1", address: "holding:19", encoding: u16}`,
			want: `14:69: points[3].address "holding:19": lies on the registers of point 2, s`, zh: "重叠"},
		"the same twice": {points: `  - {key: b, name: {zh: 乙, en: B}, type: float64, unit: V, address: "holding:0", encoding: f32}`,
			want: `12:69: note: points[1].address "holding:0": lies on the registers of point 1, a (holding:0 f32). Both read the very same`, zh: "提示：", doubt: true},
		"a key twice": {points: `  - {key: a, name: {zh: 乙, en: B}, type: float64, unit: V, address: "holding:2", encoding: f32}`,
			want: `12:11: points[1].key: "a" is used twice (point 1 has it)`, zh: "用了两次"},
		"a key in another case": {points: `  - {key: aB, name: {zh: 乙, en: B}, type: float64, unit: V, address: "holding:2", encoding: f32}
  - {key: ab, name: {zh: 丙, en: C}, type: float64, unit: V, address: "holding:4", encoding: f32}`,
			want: `13:11: points[2].key: "ab" differs from the key of point 2 in case only`, zh: "只有大小写不同"},
		"a name in another case": {points: `  - {key: b, name: {zh: 乙, en: a}, type: float64, unit: V, address: "holding:2", encoding: f32}`,
			want: `12:32: points[1].name.en "a": is also the name of point 1 (a), or differs in case only`, zh: "名称相同"},
		"an unknown unit": {points: `  - {key: b, name: {zh: 乙, en: B}, type: float64, unit: kWh, address: "holding:2", encoding: f32}`,
			want: `12:57: points[1].unit: "kWh" is not a UCUM unit; write kW.h`, zh: "不是 UCUM 单位；请写成 kW.h"},
		"no English": {points: `  - {key: b, name: {zh: 乙}, type: float64, unit: V, address: "holding:2", encoding: f32}`,
			want: `points[1].name "乙": needs zh and en`, zh: "须同时有 zh 和 en"},
		"a value that cannot be": {points: `  - {key: b, name: {zh: 乙, en: B}, type: int64, unit: "1", address: "holding:2", encoding: u16, values: [{value: 70000, name: {zh: 高, en: High}}]}`,
			want: `points[1].values[0].value "70000": u16 holds 0 to 65535. Correct the value`, zh: "只能表示 0 到 65535"},
		"a scan the line cannot carry": {from: "every: 5s", to: "every: 50ms\nbaud: 9600",
			want: `:7:8: every "50ms": 1 requests a round take about 1`, zh: "9600 波特的串口"},
		"silence shorter than the scan": {points: `  - {key: b, name: {zh: 乙, en: B}, type: float64, unit: V, address: "holding:2", encoding: f32, maxSilence: 1s}`,
			want: `points[1].maxSilence "1s": the longest silence is at least the scan time (5s)`, zh: "最长静默"},
		"no source":        {from: `source: "Manual M-1, revision 2, section 3"`, to: `source: ""`, want: `3:9: source: is missing`, zh: "须写明出处"},
		"beyond the last":  {points: `  - {key: b, name: {zh: 乙, en: B}, type: float64, unit: V, address: "holding:65535", encoding: f32}`, want: `12:69: points[1].address "holding:65535": the encoding reaches beyond the last address, 65535`, zh: "超出了地址空间"},
		"no such encoding": {points: `  - {key: b, name: {zh: 乙, en: B}, type: float64, unit: V, address: "holding:2", encoding: float}`, want: `points[1].encoding "float": there is no such encoding; there are: bool`, zh: "没有这种编码"},
		"no such driver":   {from: "driver: modbus", to: "driver: profibus", want: `6:9: driver "profibus": there is no such driver. There are: modbus, mqtt, sparkplug, push`, zh: "没有这个驱动"},
		"no such class":    {from: "class: plant-auxiliary", to: "class: meter", want: `5:8: class "meter": is not a class of equipment. There are: cnc-machine-tool, `, zh: "没有这个设备类别"},
		"a wrong link":     {from: "link: {maxRegisters: 50}", to: "link: {maxRegisters: 500}", want: `9:`, zh: "maxRegisters"},
		"an unknown field": {points: `  - {key: b, adress: x}`, want: `12:`, zh: "文件不合格式"},
		"no YAML":          {from: "points:", to: "points: [", want: `devices/meter.yaml:`, zh: "文件不合格式"},
		"tested by whom":   {from: "every: 5s", to: "every: 5s\ntested: surely", want: `8:9: tested "surely": use none, frames or peer`, zh: "应为 none"},
		"metrics with one name": {from: "driver: modbus", to: "driver: mqtt", points: `  - {key: b, name: {zh: 乙, en: B}, type: float64, unit: V, address: "holding:0", encoding: ""}`,
			want: `points[1].address "holding:0": is also the metric of point 1 (a). One metric feeds one point`, zh: "指标名相同"},
	} {
		t.Run(what, func(t *testing.T) {
			text := strings.Replace(head, c.from, c.to, 1) + good + c.points + "\n"
			found := lint.Template("devices/meter.yaml", []byte(text), o)
			var en, zh []string
			hit := false
			for _, f := range found {
				en, zh = append(en, f.In("en")), append(zh, f.In("zh"))
				if strings.Contains(f.In("en"), c.want) && strings.Contains(f.In("zh"), c.zh) && f.Doubt == c.doubt {
					hit = true
				}
			}
			if !hit {
				t.Errorf("want %s\nand %s; got\n%s\n%s", c.want, c.zh, strings.Join(en, "\n"), strings.Join(zh, "\n"))
			}
		})
	}
}

func TestBitsAndHalvesOfARegisterMayStandBesideIt(t *testing.T) {
	text := head + good + `  - {key: w, name: {zh: 字, en: Word}, type: int64, unit: "1", address: "holding:4", encoding: u16}
  - {key: w0, name: {zh: 位 0, en: Bit 0}, type: bool, address: "holding:4.0", encoding: bool}
  - {key: w1, name: {zh: 位 1, en: Bit 1}, type: bool, address: "holding:4.1", encoding: bool}
  - {key: h, name: {zh: 高, en: High byte}, type: int64, unit: "1", address: "holding:5", encoding: u8h}
  - {key: l, name: {zh: 低, en: Low byte}, type: int64, unit: "1", address: "holding:5", encoding: u8l}
  - {key: i, name: {zh: 入, en: Input}, type: float64, unit: V, address: "input:0", encoding: f32}
`
	if found := lint.Template("devices/meter.yaml", []byte(text), options(t)); len(found) > 0 {
		t.Errorf("got %v", found)
	}
	text += `  - {key: w2, name: {zh: 位 2, en: Bit 2}, type: bool, address: "holding:4.1", encoding: bool}
  - {key: h2, name: {zh: 高 2, en: High 2}, type: int64, unit: "1", address: "holding:5", encoding: i8h}
`
	found := lint.Template("devices/meter.yaml", []byte(text), options(t))
	if len(found) != 2 || found[0].Code != "duplicate" || found[1].Code != "overlap" {
		t.Errorf("got %v", found)
	}
}

func TestFilesAreJudgedForTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	sound, wrong := filepath.Join(dir, "meter.yaml"), filepath.Join(dir, "other.yaml")
	for name, text := range map[string]string{sound: head + good, wrong: head + good} { // other's id is not its name
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	n, err := lint.Files(&out, "zh", []string{sound, wrong}, options(t))
	if err != nil || n != 1 || !strings.Contains(out.String(), sound+"：0 处错误，0 处提示") || !strings.Contains(out.String(), wrong+":1:5: id：文件头有误") {
		t.Errorf("%d wrong, %v\n%s", n, err, out.String())
	}
	if _, err := lint.Files(&out, "en", []string{filepath.Join(dir, "none.yaml")}, options(t)); err == nil {
		t.Error("a file that is not there was judged")
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte(head + good))
	f.Add([]byte(head + "  - {key: [}"))
	f.Add([]byte("link: {1: 2}\npoints: [{address: x, values: [{value: 1}]}]"))
	o := options(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, x := range lint.Template("devices/meter.yaml", data, o) {
			if x.In("en") == "" || x.In("zh") == "" || x.Line < 1 {
				t.Errorf("%+v", x)
			}
		}
	})
}
