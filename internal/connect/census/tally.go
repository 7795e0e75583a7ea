package census

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/shown"
)

// Count is how many machines there are of a kind and how they are connected.
type Count struct {
	Machines  int     `json:"machines" doc:"In the plant model; of a protocol, gateway or source: those connected through it"`
	Connected int     `json:"connected" doc:"Read through a gateway's link or fed by a source"`
	States    *States `json:"states,omitempty" doc:"Of the connected; told of now only"`
}

// States are what connected machines tell now.
type States struct {
	Live     int `json:"live" doc:"At least one point is live"`
	Stale    int `json:"stale" doc:"No point is live, at least one is stale"`
	Silent   int `json:"silent" doc:"Nothing was ever heard, or communication is lost"`
	Replayed int `json:"replayed" doc:"Of all three: the newest value comes from recorded data (a simulator)"`
}

func (n *Count) add(m *Counted, now bool) {
	n.Machines++
	if m.Tie == nil {
		return
	}
	n.Connected++
	if !now {
		return
	}
	switch m.State {
	case shown.Live:
		n.States.Live++
	case shown.Stale:
		n.States.Stale++
	default:
		n.States.Silent++
	}
	if m.Replayed {
		n.States.Replayed++
	}
}

// Group is a Count of machines that have something in common.
type Group struct {
	ID   string    `json:"id" doc:"Empty where there is none"`
	Name text.Text `json:"name"`
	Count
	Org             *uuid.UUID `json:"org,omitempty" format:"uuid" doc:"Of a site, gateway or source"`
	Kind            string     `json:"kind,omitempty" enum:"gateway,source" doc:"Of a channel"`
	Protocols       []string   `json:"protocols,omitempty" doc:"Of a channel: those through which machines are connected"`
	ValuesPerSecond *float64   `json:"valuesPerSecond,omitempty" doc:"Of a protocol or channel; told of now only"`
}

// tally gathers groups by their ids.
type tally struct {
	now  bool
	byID map[string]*Group
}

func (c *Census) tally() *tally { return &tally{c.Now, map[string]*Group{}} }

// group finds a group, or makes it with a name.
func (t *tally) group(id string, name text.Text) *Group {
	g := t.byID[id]
	if g == nil {
		g = &Group{ID: id, Name: name}
		if t.now {
			g.States = &States{}
		}
		t.byID[id] = g
	}
	return g
}

// largest are the groups, those of most machines first; what has no id is last.
func (t *tally) largest() []Group { return t.sorted(nil) }

// sorted puts the ids of an order first.
func (t *tally) sorted(order []string) []Group {
	place := func(g *Group) int {
		if i := slices.Index(order, g.ID); i >= 0 {
			return i
		}
		if g.ID == "" {
			return math.MaxInt
		}
		return len(order)
	}
	out := make([]Group, 0, len(t.byID))
	for _, g := range t.byID {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(place(&a), place(&b)), cmp.Compare(b.Machines, a.Machines), strings.Compare(a.ID, b.ID))
	})
	return out
}

// Names of what has none.
var (
	noClass    = text.Text{Zh: "未分类", En: "Without a class"}
	noTemplate = text.Text{Zh: "未用模板", En: "Without a template"}
	noSite     = text.Text{Zh: "不在任何厂区", En: "At no site"}
)

var protocolNames = map[string]text.Text{
	"modbus": {Zh: "Modbus", En: "Modbus"}, "opcua": {Zh: "OPC UA", En: "OPC UA"}, "mqtt": {Zh: "MQTT JSON", En: "MQTT JSON"},
	"sparkplug": {Zh: "Sparkplug B", En: "Sparkplug B"}, "push": {Zh: "HTTP 推送", En: "HTTP push"},
}

func protocolName(id string) text.Text {
	if t, ok := protocolNames[id]; ok {
		return t
	}
	return text.Text{Zh: id, En: id}
}

func nameOr(t text.Text, id string) text.Text {
	if t.IsZero() {
		return text.Text{Zh: id, En: id}
	}
	return t
}

// groups are a census by everything that machines have in common.
type groups struct {
	all                                           Group
	class, template, protocol, channel, site, org []Group
	points                                        Standing
	valuesPerSecond, unattributed                 float64
	classNames, templateNames                     map[string]text.Text
	channelOf                                     map[uuid.UUID]*Channel
}

// groups counts. Every machine is looked at once.
func (s *Service) groups(c *Census) *groups {
	g := &groups{classNames: map[string]text.Text{"": noClass}, templateNames: map[string]text.Text{"": noTemplate}, channelOf: map[uuid.UUID]*Channel{}}
	all, class, template, protocol, channel, site, org := c.tally(), c.tally(), c.tally(), c.tally(), c.tally(), c.tally(), c.tally()
	whole := all.group("", text.Text{})
	for _, k := range s.o.Plant.Classes() {
		g.classNames[k.ID] = k.Name
		class.group(k.ID, k.Name)
	}
	for i := range c.Channels {
		x := &c.Channels[i]
		g.channelOf[x.ID] = x
		of := channel.group(x.ID.String(), x.Name)
		of.Kind, of.Org = x.Kind, &x.Org
		org.group(x.Org.String(), c.Orgs[x.Org])
	}
	for i := range c.Machines {
		m := &c.Machines[i]
		if _, known := g.templateNames[m.Template]; !known {
			g.templateNames[m.Template] = nameOr(s.o.Plant.Template(m.Template), m.Template)
		}
		if _, known := g.classNames[m.Class]; !known { // of a pack that this node does not have any more
			g.classNames[m.Class] = nameOr(text.Text{}, m.Class)
		}
		whole.add(m, c.Now)
		class.group(m.Class, g.classNames[m.Class]).add(m, c.Now)
		template.group(m.Template, g.templateNames[m.Template]).add(m, c.Now)
		org.group(m.Org.String(), c.Orgs[m.Org]).add(m, c.Now)
		if p := m.Place.site(); p != nil {
			at := site.group(p.ID.String(), p.Name)
			at.Org = &m.Org
			at.add(m, c.Now)
		} else {
			site.group("", noSite).add(m, c.Now)
		}
		if m.Tie == nil {
			continue
		}
		protocol.group(m.Tie.Protocol, protocolName(m.Tie.Protocol)).add(m, c.Now)
		of := channel.group(m.Tie.Channel.String(), text.Text{})
		of.add(m, c.Now)
		if !slices.Contains(of.Protocols, m.Tie.Protocol) {
			of.Protocols = append(of.Protocols, m.Tie.Protocol)
			slices.Sort(of.Protocols)
		}
		g.points.Live += m.Points.Live
		g.points.Stale += m.Points.Stale
		g.points.Silent += m.Points.Silent
	}
	if c.Now {
		g.flow(c, protocol, channel)
	}
	g.all, g.class, g.template, g.protocol = *whole, class.sorted(fourClasses), template.largest(), protocol.largest()
	g.channel, g.site, g.org = channel.largest(), site.largest(), org.largest()
	return g
}

// flow adds up the values per second. What a gateway tells is that of a protocol only where it speaks no other.
func (g *groups) flow(c *Census, protocol, channel *tally) {
	for i := range c.Channels {
		x := &c.Channels[i]
		of := channel.byID[x.ID.String()]
		told := tenth(x.ValuesPerSecond)
		of.ValuesPerSecond = &told
		g.valuesPerSecond += x.ValuesPerSecond
		word := x.Protocol
		if word == "" && len(of.Protocols) == 1 {
			word = of.Protocols[0]
		}
		if word == "" {
			g.unattributed += x.ValuesPerSecond
			continue
		}
		p := protocol.group(word, protocolName(word))
		if p.ValuesPerSecond == nil {
			p.ValuesPerSecond = new(float64)
		}
		*p.ValuesPerSecond += x.ValuesPerSecond
	}
	for _, p := range protocol.byID {
		if p.ValuesPerSecond != nil {
			*p.ValuesPerSecond = tenth(*p.ValuesPerSecond)
		}
	}
	g.valuesPerSecond, g.unattributed = tenth(g.valuesPerSecond), tenth(g.unattributed)
}

// tenth rounds a rate to a tenth, after it has been added up.
func tenth(x float64) float64 { return math.Round(x*10) / 10 }
