package census

import (
	"slices"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/shown"
)

// The classes of packs/equipment by which rates are defined.
const classCNC = "cnc-machine-tool"

var (
	fourClasses = []string{classCNC, "trade-equipment", "large-machine", "plant-auxiliary"}
	production  = fourClasses[:3]
)

// Definition says what a rate is. No policy defines one; these are ours, told with every figure.
type Definition struct {
	ID      string
	Name    text.Text
	Words   text.Text // what is divided by what
	Basis   []string  // requirements and targets
	Missing text.Text // what is not known, where the rate cannot be given

	classes []string // of the machines that are the denominator
	live    bool     // counted only while values come; told of now only
}

// of tells whether a machine of a class is in the denominator.
func (d *Definition) of(class string) bool { return slices.Contains(d.classes, class) }

// counts tells whether a machine of the denominator is in the numerator.
func (d *Definition) counts(m *Counted) bool {
	return m.Tie != nil && (!d.live || m.State == shown.Live)
}

// given tells whether the rate can be told of a census.
func (d *Definition) given(now bool) bool { return d.Missing.IsZero() && (now || !d.live) }

var networking = &Definition{
	ID: "networking", Basis: []string{"S001", "S002"}, classes: fourClasses,
	Name: text.Text{Zh: "设备联网率", En: "Networking rate of equipment"},
	Words: text.Text{
		Zh: "四类设备（数控机床、行业专用设备、大型机器设备、工厂辅助设备）中，此刻经网关链路或接入源联网的台数 ÷ 四类设备总台数。未退役即计为在用；未分类的设备不计入。",
		En: "Of the machines in the four classes (CNC machine tools, trade-specific equipment, large machines, plant auxiliaries): those connected through a gateway's link or a source at this time ÷ all. A machine that is not retired counts as in use; machines without a class are left out.",
	},
}

// Definitions are all rates, in the order in which they are shown.
var Definitions = []*Definition{
	networking,
	{
		ID: "networking-production", Basis: []string{"S001", "KPI-ZJ-12"}, classes: production,
		Name: text.Text{Zh: "生产设备联网率", En: "Networking rate of production equipment"},
		Words: text.Text{
			Zh: "数控机床、行业专用设备、大型机器设备中已联网的台数 ÷ 这三类设备总台数（工厂辅助设备不属于生产设备）。目标口径“80% 以上工作日有有效数据”需要工作日历，尚未计入。",
			En: "Of CNC machine tools, trade-specific equipment and large machines: those connected ÷ all (plant auxiliaries are not production equipment). A target that asks for valid data on 80 % of working days needs a working calendar, which is not counted yet.",
		},
	},
	{
		ID: "networking-live", Basis: []string{"S001"}, classes: fourClasses, live: true,
		Name: text.Text{Zh: "设备实时在线率", En: "Networking rate of equipment with live data"},
		Words: text.Text{
			Zh: "四类设备中已联网且此刻至少一个测点为实时的台数 ÷ 四类设备总台数。只能对当前时刻给出。",
			En: "Of the machines in the four classes: those connected with at least one live point ÷ all. Told of now only.",
		},
	},
	{
		ID: "cnc-networking", Basis: []string{"S001"}, classes: fourClasses[:1],
		Name: text.Text{Zh: "数控设备联网率", En: "Networking rate of CNC machine tools"},
		Words: text.Text{
			Zh: "已联网的数控机床台数 ÷ 数控机床总台数。",
			En: "CNC machine tools connected ÷ all CNC machine tools.",
		},
	},
	{
		ID: "numerical-control", Basis: []string{"S001", "KPI-ZJ-11"},
		Name: text.Text{Zh: "装备数控化率", En: "Numerical-control rate of equipment"},
		Words: text.Text{
			Zh: "采用数控或可编程数字控制的生产设备台数 ÷ 在用生产设备总台数。",
			En: "Production equipment with numerical or programmable digital control ÷ all production equipment in use.",
		},
		Missing: text.Text{
			Zh: "缺少每台设备的控制器类型（数控、PLC、DCS、继电或手动）：设备类别只能说明数控机床是数控的，不能说明行业专用设备和大型机器设备是否由可编程控制器控制，因此不给出数值。",
			En: "The controller type of each machine (CNC, PLC, DCS, relay or manual) is not recorded: the class tells that CNC machine tools are numerically controlled, and not whether trade-specific equipment and large machines have a programmable controller. So no figure is given.",
		},
	},
}

// Rate is a rate of a census.
type Rate struct {
	*Definition
	Given bool
	Part  int
	Whole int
}

// rates counts all definitions.
func (c *Census) rates() []Rate {
	out := make([]Rate, len(Definitions))
	for i, d := range Definitions {
		r := Rate{Definition: d, Given: d.given(c.Now)}
		if r.Given {
			for j := range c.Machines {
				if m := &c.Machines[j]; d.of(m.Class) {
					r.Whole++
					if d.counts(m) {
						r.Part++
					}
				}
			}
		}
		out[i] = r
	}
	return out
}
