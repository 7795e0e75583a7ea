package mqttjson

import (
	"embed"
	"encoding/json"
	"fmt"

	"jingwei/internal/kernel/text"
)

// Preset is a configuration to begin with.
type Preset struct {
	ID     string
	Name   text.Text
	Config json.RawMessage
}

//go:embed presets/*.json
var presets embed.FS

// Presets are the configurations that ship with the product, the plain one first.
func Presets() []Preset {
	list := []Preset{
		{ID: "json", Name: text.Text{Zh: "通用 JSON", En: "Plain JSON"}},
		{ID: "zigbee2mqtt", Name: text.Text{Zh: "Zigbee2MQTT", En: "Zigbee2MQTT"}},
		{ID: "tasmota", Name: text.Text{Zh: "Tasmota", En: "Tasmota"}},
		{ID: "chirpstack", Name: text.Text{Zh: "ChirpStack v4（LoRaWAN）", En: "ChirpStack v4 (LoRaWAN)"}},
		{ID: "ttn", Name: text.Text{Zh: "The Things Stack v3（LoRaWAN）", En: "The Things Stack v3 (LoRaWAN)"}},
		{ID: "aliyun", Name: text.Text{Zh: "阿里云物模型", En: "Aliyun thing model"}},
		{ID: "onenet", Name: text.Text{Zh: "OneNET 物模型（OneJSON）", En: "OneNET thing model (OneJSON)"}},
		{ID: "value", Name: text.Text{Zh: "每个主题一个值", En: "One value per topic"}},
	}
	for i := range list {
		b, err := presets.ReadFile("presets/" + list[i].ID + ".json")
		if err != nil {
			panic(fmt.Sprintf("mqttjson: preset %s is not embedded: %v", list[i].ID, err))
		}
		list[i].Config = b
	}
	return list
}
