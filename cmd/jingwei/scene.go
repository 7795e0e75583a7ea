package main

import (
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
)

// The demo's world as a table: two enterprises with three gateways between them, whose machines speak four protocols.
// Keys name things in the demo's data folder, so that a second start finds what the first has made.

// demoOrg is one enterprise.
type demoOrg struct {
	key  string
	name text.Text
}

var demoOrgs = []demoOrg{
	// The platform of the fictional province runs the node; the machining works beside it are its own demonstration plant.
	{"works", text.Text{Zh: "澄岚省服务平台（演示）", En: "Chenglan Province Platform (demo)"}},
	{"foundry", text.Text{Zh: "示范铸造（演示）", En: "Example Foundry (demo)"}},
}

// demoNode is a place in a plant.
type demoNode struct {
	key    string
	org    string
	parent string
	kind   plant.Kind
	name   text.Text
}

var demoNodes = []demoNode{
	{"site", "works", "", plant.Site, text.Text{Zh: "一厂", En: "Plant 1"}},
	{"machining", "works", "site", plant.Area, text.Text{Zh: "机加工车间", En: "Machining shop"}},
	{"line-1", "works", "machining", plant.Line, text.Text{Zh: "一号线", En: "Line 1"}},
	{"line-2", "works", "machining", plant.Line, text.Text{Zh: "二号线", En: "Line 2"}},
	{"power", "works", "site", plant.Area, text.Text{Zh: "动力站", En: "Power station"}},
	{"quality", "works", "site", plant.Area, text.Text{Zh: "计量室", En: "Metrology room"}},
	{"foundry-site", "foundry", "", plant.Site, text.Text{Zh: "铸造厂", En: "Foundry"}},
	{"melting", "foundry", "foundry-site", plant.Area, text.Text{Zh: "熔炼车间", En: "Melting shop"}},
}

// demoGateway is a gateway process of its own.
type demoGateway struct {
	key  string
	org  string
	site string
	name text.Text
}

var demoGateways = []demoGateway{
	{"gateway", "works", "site", text.Text{Zh: "机加工网关", En: "Machining gateway"}},
	{"gateway-2", "works", "site", text.Text{Zh: "动力站网关", En: "Power station gateway"}},
	{"gateway-3", "foundry", "foundry-site", text.Text{Zh: "铸造网关", En: "Foundry gateway"}},
}

// demoLink is a link of a gateway to a simulator, a process of its own.
type demoLink struct {
	key     string
	gateway string
	driver  string
	name    text.Text
}

var demoLinks = []demoLink{
	{"machining", "gateway", "modbus", text.Text{Zh: "机加工 Modbus", En: "Machining Modbus"}},
	{"metering", "gateway", "modbus", text.Text{Zh: "计量 Modbus", En: "Metering Modbus"}},
	{"turbines", "gateway-2", "opcua", text.Text{Zh: "燃机 OPC UA", En: "Turbines OPC UA"}},
	{"melting-meters", "gateway-3", "modbus", text.Text{Zh: "熔炼电表 Modbus", En: "Melting meters Modbus"}},
	{"melting-turbine", "gateway-3", "opcua", text.Text{Zh: "自备燃机 OPC UA", En: "Own turbine OPC UA"}},
}

// demoSource is what devices send to by themselves, over the node's own broker.
type demoSource struct {
	key  string
	org  string
	kind string
	name text.Text
	// preset of the kind's configuration; "" for the kind's own defaults
	preset string
}

var demoSources = []demoSource{
	{"sparkplug", "works", "sparkplug", text.Text{Zh: "二号线 Sparkplug", En: "Line 2 Sparkplug"}, ""},
	{"sensors", "works", "mqtt", text.Text{Zh: "环境传感器 MQTT", En: "Environment sensors MQTT"}, "zigbee2mqtt"},
	{"foundry-sensors", "foundry", "mqtt", text.Text{Zh: "车间环境 MQTT", En: "Shop climate MQTT"}, "zigbee2mqtt"},
}

// demoMachine is a machine: the template whose recording its simulator replays, and how it is reached.
type demoMachine struct {
	key      string
	place    string // key of the node under which it stands
	name     text.Text
	template string
	via      string // key of a link or of a source
	unit     string // of the link, or the device of the source
	row      int    // of the recording that it starts with
}

var demoMachines = []demoMachine{
	{"mill", "line-1", text.Text{Zh: "数控铣床 1 号", En: "CNC mill 1"}, "cnc-mill-smart-testbed", "machining", "1", 0},
	{"mill-2", "line-1", text.Text{Zh: "数控铣床 2 号", En: "CNC mill 2"}, "cnc-mill-smart-testbed", "machining", "2", 700},
	{"mill-3", "line-1", text.Text{Zh: "数控铣床 3 号", En: "CNC mill 3"}, "cnc-mill-smart-testbed", "machining", "3", 1400},
	{"mill-4", "line-1", text.Text{Zh: "数控铣床 4 号", En: "CNC mill 4"}, "cnc-mill-smart-testbed", "machining", "4", 2100},
	{"meter-1", "power", text.Text{Zh: "进线电表 1 号", En: "Incomer meter 1"}, "power-meter-steel", "metering", "1", 0},
	{"meter-2", "power", text.Text{Zh: "轧机电表 2 号", En: "Mill-stand meter 2"}, "power-meter-steel", "metering", "2", 2900},
	{"meter-3", "power", text.Text{Zh: "空压电表 3 号", En: "Compressor meter 3"}, "power-meter-steel", "metering", "3", 5800},
	{"turbine-1", "power", text.Text{Zh: "燃气轮机 1 号", En: "Gas turbine 1"}, "gas-turbine-opcua", "turbines", "Turbine1", 0},
	{"turbine-2", "power", text.Text{Zh: "燃气轮机 2 号", En: "Gas turbine 2"}, "gas-turbine-opcua", "turbines", "Turbine2", 720},
	{"mill-5", "line-2", text.Text{Zh: "数控铣床 5 号", En: "CNC mill 5"}, "cnc-mill-sparkplug", "sparkplug", "Mill5", 300},
	{"mill-6", "line-2", text.Text{Zh: "数控铣床 6 号", En: "CNC mill 6"}, "cnc-mill-sparkplug", "sparkplug", "Mill6", 1100},
	{"mill-7", "line-2", text.Text{Zh: "数控铣床 7 号", En: "CNC mill 7"}, "cnc-mill-sparkplug", "sparkplug", "Mill7", 1900},
	{"climate-1", "quality", text.Text{Zh: "计量室温湿度", En: "Metrology room climate"}, "environment-sensor-zigbee2mqtt", "sensors", "metrology", 0},
	{"climate-2", "machining", text.Text{Zh: "机加工温湿度", En: "Machining shop climate"}, "environment-sensor-zigbee2mqtt", "sensors", "machining", 500},
	{"climate-3", "power", text.Text{Zh: "动力站温湿度", En: "Power station climate"}, "environment-sensor-zigbee2mqtt", "sensors", "power", 1000},
	{"furnace-meter-1", "melting", text.Text{Zh: "一号炉电表", En: "Furnace 1 meter"}, "power-meter-steel", "melting-meters", "1", 1500},
	{"furnace-meter-2", "melting", text.Text{Zh: "二号炉电表", En: "Furnace 2 meter"}, "power-meter-steel", "melting-meters", "2", 4400},
	{"furnace-meter-3", "melting", text.Text{Zh: "三号炉电表", En: "Furnace 3 meter"}, "power-meter-steel", "melting-meters", "3", 7300},
	{"foundry-turbine", "melting", text.Text{Zh: "自备燃气轮机", En: "Own gas turbine"}, "gas-turbine-opcua", "melting-turbine", "Turbine1", 1300},
	{"foundry-climate", "melting", text.Text{Zh: "熔炼车间温湿度", En: "Melting shop climate"}, "environment-sensor-zigbee2mqtt", "foundry-sensors", "melting", 1500},
}
