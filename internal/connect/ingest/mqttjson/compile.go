package mqttjson

import (
	"fmt"
	"strings"
	"time"

	"jingwei/internal/connect/ingest/broker"
)

// plan is a Config made ready.
type plan struct {
	mappings   []*mapping
	subscribe  []template
	maxMetrics int
}

// mapping is a Mapping made ready.
type mapping struct {
	Mapping
	topic   template
	device  template
	metric  template
	root    path
	inside  path // to the device
	rules   []rule
	all     path
	exclude []exclusion
	time    path
	format  string
	zone    *time.Location
	quality path
	good    map[string]bool
	record  struct{ name, value, time path }
	reply   template
}

type rule struct {
	Rule
	path path
}

// exclusion is a name that is left out, or the beginning of such names.
type exclusion struct {
	text  string
	begin bool
}

// compile checks a configuration, and makes it ready.
func compile(c Config) (*plan, error) {
	p := &plan{maxMetrics: c.MaxMetrics}
	if p.maxMetrics == 0 {
		p.maxMetrics = 500
	}
	if p.maxMetrics < 1 || p.maxMetrics > 5000 {
		return nil, wrong("maxMetrics", fmt.Sprint(c.MaxMetrics), "应在 1 到 5000 之间", "must be within 1 and 5,000")
	}
	if len(c.Mappings) == 0 || len(c.Mappings) > maxMappings {
		return nil, wrong("mappings", fmt.Sprint(len(c.Mappings)), "至少一条、最多 100 条映射；可从预设开始", "1 to 100 mappings are wanted; begin with a preset")
	}
	for i := range c.Mappings {
		m, err := c.Mappings[i].compile()
		if err != nil {
			if f, ok := err.(*FieldError); ok {
				f.Field = fmt.Sprintf("mappings[%d].%s", i, f.Field)
			}
			return nil, err
		}
		p.mappings = append(p.mappings, m)
	}
	for i, s := range c.Subscribe {
		t, err := parseTopic(s)
		if err != nil {
			return nil, wrong(fmt.Sprintf("subscribe[%d]", i), s, "不是主题过滤器："+err.Error(), err.Error())
		}
		p.subscribe = append(p.subscribe, t)
	}
	return p, nil
}

func (m *Mapping) compile() (*mapping, error) {
	out := &mapping{Mapping: *m}
	if out.Shape == "" {
		out.Shape = Object
	}
	var err error
	if out.topic, err = parseTopic(m.Topic); err != nil {
		return nil, wrong("topic", m.Topic, "不是主题模板："+err.Error()+"；如 factory/{area}/{device}/state", err.Error()+"; write it like factory/{area}/{device}/state")
	}
	names := out.topic.names()
	if m.DevicePath != "" {
		names["payload"] = true
	}
	tmpl := func(field, s, def string, into *template) error {
		if s == "" {
			s = def
		}
		t, err := parseText(s)
		if err == nil {
			for n := range t.names() {
				if !names[n] {
					err = fmt.Errorf("the topic has no {%s}", n)
				}
			}
		}
		if err != nil || len(s) > maxTopic {
			return wrong(field, s, fmt.Sprintf("模板有误：%v；只能使用主题中的 {名称}", err), fmt.Sprintf("the template is wrong: %v; only names in braces that stand in the topic can be used", err))
		}
		*into = t
		return nil
	}
	paths := func(field, s, def string, into *path) error {
		if s == "" {
			s = def
		}
		p, err := parsePath(s)
		if err != nil {
			return wrong(field, s, "路径有误："+err.Error()+"；如 $.a.b[0].c", err.Error()+"; write it like $.a.b[0].c")
		}
		*into = p
		return nil
	}
	device := "{device}"
	if m.DevicePath != "" {
		device = "{payload}"
		if err := paths("devicePath", m.DevicePath, "", &out.inside); err != nil {
			return nil, err
		}
	}
	if m.Shape == Ignore {
		device = "-"
	}
	if err := tmpl("device", m.Device, device, &out.device); err != nil {
		return nil, err
	}
	if err := paths("root", m.Root, "$", &out.root); err != nil {
		return nil, err
	}
	if len(m.Prefix) > maxName/2 {
		return nil, wrong("prefix", m.Prefix, "最多 100 字节", "at most 100 bytes")
	}
	switch out.Shape {
	case Object:
		if m.All != "" || len(m.Values) == 0 {
			if err := paths("all", m.All, "$", &out.all); err != nil {
				return nil, err
			}
		}
		err = out.compileRules()
	case Value:
		err = tmpl("metric", m.Metric, "{metric}", &out.metric)
	case Members, Records:
		r := m.Record
		if r == nil {
			r = &Record{}
		}
		for _, f := range []struct {
			field, s, def string
			into          *path
		}{{"record.name", r.Name, "$.name", &out.record.name}, {"record.value", r.Value, "$.value", &out.record.value}, {"record.time", r.Time, "$.time", &out.record.time}} {
			if err := paths(f.field, f.s, f.def, f.into); err != nil {
				return nil, err
			}
		}
	case Alive:
		if len(out.Online) == 0 {
			out.Online = []string{"online"}
		}
		if len(out.Offline) == 0 {
			out.Offline = []string{"offline"}
		}
	case Ignore:
	default:
		err = wrong("shape", string(m.Shape), "应为 object、value、members、records、alive 或 ignore", "must be object, value, members, records, alive or ignore")
	}
	if err != nil {
		return nil, err
	}
	if (len(m.Values) > 0 || m.All != "") && out.Shape != Object {
		return nil, wrong("values", string(m.Shape), "只有 shape 为 object 时才能列出数值", "values are listed with shape object only")
	}
	if m.DevicePath != "" && (out.Shape == Value || out.Shape == Alive || out.Shape == Ignore) {
		return nil, wrong("devicePath", m.DevicePath, "此 shape 的设备名称只能来自主题", "with this shape the topic names the device")
	}
	if len(m.Exclude) > maxRules {
		return nil, wrong("exclude", fmt.Sprint(len(m.Exclude)), "最多 500 条", "at most 500")
	}
	for _, x := range m.Exclude {
		begin, cut := strings.CutSuffix(x, "*")
		out.exclude = append(out.exclude, exclusion{begin, cut})
	}
	if err := out.compileTime(paths); err != nil {
		return nil, err
	}
	if q := m.Quality; q != nil {
		if err := paths("quality.path", q.Path, "", &out.quality); err != nil {
			return nil, err
		}
		if len(q.Good) == 0 {
			return nil, wrong("quality.good", "", "请列出表示“好”的值", "list the values that mean good")
		}
		out.good = map[string]bool{}
		for _, g := range q.Good {
			out.good[g] = true
		}
	}
	if r := m.Reply; r != nil {
		if err := tmpl("reply.topic", r.Topic, "", &out.reply); err != nil {
			return nil, err
		}
		if r.Topic == "" || strings.ContainsAny(r.Topic, "+#") {
			return nil, wrong("reply.topic", r.Topic, "应为不含通配符的主题", "must be a topic without wildcards")
		}
	}
	return out, nil
}

func (m *mapping) compileRules() error {
	if len(m.Values) > maxRules {
		return wrong("values", fmt.Sprint(len(m.Values)), "最多 500 条", "at most 500")
	}
	seen := map[string]bool{}
	for i, r := range m.Values {
		at := fmt.Sprintf("values[%d].", i)
		p, err := parsePath(r.Path)
		if err != nil {
			return wrong(at+"path", r.Path, "路径有误："+err.Error()+"；如 $.a.b[0].c", err.Error()+"; write it like $.a.b[0].c")
		}
		if r.Name = m.Prefix + r.Name; r.Name == m.Prefix || len(r.Name) > maxName || seen[r.Name] {
			return wrong(at+"name", r.Name, "名称应为 1 到 200 字节，且不重复", "a name has 1 to 200 bytes and stands once")
		}
		seen[r.Name] = true
		switch r.Type {
		case "", "number", "integer", "boolean", "text":
		default:
			return wrong(at+"type", r.Type, "应为 number、integer、boolean 或 text", "must be number, integer, boolean or text")
		}
		if (r.Scale != 0 || r.Offset != 0) && r.Type != "number" && r.Type != "" {
			return wrong(at+"scale", fmt.Sprint(r.Scale), "只有类型为 number 时才能缩放", "only numbers are scaled")
		}
		m.rules = append(m.rules, rule{Rule: r, path: p})
	}
	return nil
}

func (m *mapping) compileTime(paths func(field, s, def string, into *path) error) error {
	m.format = "auto"
	t := m.Time
	if t == nil {
		return nil
	}
	if t.Path != "" || m.Shape == Object || m.Shape == Value {
		if err := paths("time.path", t.Path, "", &m.time); err != nil {
			return err
		}
	}
	switch t.Format {
	case "":
	case "s", "ms", "us", "ns", "rfc3339", "auto":
		m.format = t.Format
	default:
		return wrong("time.format", t.Format, "应为 s、ms、us、ns、rfc3339 或 auto", "must be s, ms, us, ns, rfc3339 or auto")
	}
	if t.Zone != "" {
		var err error
		if m.zone, err = time.LoadLocation(t.Zone); err != nil {
			return wrong("time.zone", t.Zone, "不是 IANA 时区，如 Asia/Shanghai", "is not an IANA zone, like Asia/Shanghai")
		}
	}
	return nil
}

// Filters are what to subscribe to at a broker of others.
func (p *plan) filters() (out []string) {
	seen := map[string]bool{}
	for _, m := range p.mappings {
		f := m.topic.filter(nil)
		covered := false
		for other := range seen {
			covered = covered || broker.Covers(other, f)
		}
		if !covered {
			seen[f] = true
			out = append(out, f)
		}
	}
	return out
}
