package census

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/shown"
)

// headings of the machines' list before the rates. Columns are only ever added at the end of each part.
var headings = []text.Text{
	{Zh: "企业", En: "Organisation"}, {Zh: "企业标识", En: "Organisation id"}, {Zh: "厂区", En: "Site"}, {Zh: "位置", En: "Place"},
	{Zh: "设备", En: "Machine"}, {Zh: "设备标识", En: "Machine id"}, {Zh: "类别", En: "Class"}, {Zh: "类别标识", En: "Class id"}, {Zh: "模板", En: "Template"},
	{Zh: "启用时间", En: "In the plant since"}, {Zh: "协议", En: "Protocol"}, {Zh: "接入方式", En: "Through"}, {Zh: "网关或接入源", En: "Gateway or source"},
	{Zh: "网关或接入源标识", En: "Gateway or source id"}, {Zh: "单元或设备号", En: "Unit or device"}, {Zh: "联网时间", En: "Connected since"},
	{Zh: "状态", En: "State"}, {Zh: "实时测点", En: "Live points"}, {Zh: "过期测点", En: "Stale points"}, {Zh: "静默测点", En: "Silent points"},
	{Zh: "最新值时间", En: "Newest value"}, {Zh: "重放数据", En: "Replayed"},
}

var (
	stateWords = map[shown.State]text.Text{shown.Live: {Zh: "实时", En: "live"}, shown.Stale: {Zh: "过期", En: "stale"}, shown.Silent: {Zh: "静默", En: "silent"}}
	kindWords  = map[string]text.Text{Gateway: {Zh: "网关", En: "gateway"}, Source: {Zh: "接入源", En: "source"}}
	yes        = text.Text{Zh: "是", En: "yes"}
)

// list writes every machine of a census. After the headings each rate that can be told has a column: 1 where the machine
// is in numerator and denominator, 0 where it is in the denominator only, nothing where it does not count. So the sum of
// the column is the numerator, and how many cells are filled is the denominator.
func (s *Service) list(c *Census, lang string) ([]byte, error) {
	g := s.groups(c)
	var b bytes.Buffer
	b.WriteString("\ufeff") // spreadsheets take a CSV without it for the machine's own code page
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	var record []string
	var rates []*Definition
	for _, h := range headings {
		record = append(record, h.In(lang))
	}
	for _, d := range Definitions {
		if d.given(c.Now) {
			rates = append(rates, d)
			record = append(record, d.Name.In(lang))
		}
	}
	if err := w.Write(record); err != nil {
		return nil, err
	}
	places := map[*Place]string{}
	for i := range c.Machines {
		m := &c.Machines[i]
		site := ""
		if p := m.Place.site(); p != nil {
			site = p.Name.In(lang)
		}
		place, known := places[m.Place]
		if !known {
			place = m.Place.path(lang)
			places[m.Place] = place
		}
		record = append(record[:0], c.Orgs[m.Org].In(lang), m.Org.String(), site, place, m.Name.In(lang), m.ID.String(), g.classNames[m.Class].In(lang), m.Class,
			m.Template, moment(m.From))
		if t := m.Tie; t != nil {
			kind, name := "", ""
			if x := g.channelOf[t.Channel]; x != nil {
				kind, name = kindWords[x.Kind].In(lang), x.Name.In(lang)
			}
			record = append(record, t.Protocol, kind, name, t.Channel.String(), t.Device, moment(t.From))
		} else {
			record = append(record, "", "", "", "", "", "")
		}
		if c.Now && m.Tie != nil {
			newest, replayed := "", ""
			if m.Newest != 0 {
				newest = moment(m.Newest)
			}
			if m.Replayed {
				replayed = yes.In(lang)
			}
			record = append(record, stateWords[m.State].In(lang), strconv.Itoa(m.Points.Live), strconv.Itoa(m.Points.Stale), strconv.Itoa(m.Points.Silent), newest, replayed)
		} else {
			record = append(record, "", "", "", "", "", "")
		}
		for _, d := range rates {
			cell := ""
			if d.of(m.Class) {
				if cell = "0"; d.counts(m) {
					cell = "1"
				}
			}
			record = append(record, cell)
		}
		for i := range record {
			record[i] = safe(record[i])
		}
		if err := w.Write(record); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// path is where a place stands, from the outermost in.
func (p *Place) path(lang string) string {
	var words []string
	for ; p != nil; p = p.Up {
		words = append([]string{p.Name.In(lang)}, words...)
	}
	return strings.Join(words, " / ")
}

func moment(ns int64) string { return instant(ns).Format(time.RFC3339) }

// safe puts a quote before what a spreadsheet would take for a formula: names come from devices and people.
func safe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r'", rune(s[0])) {
		return "'" + s
	}
	return s
}
