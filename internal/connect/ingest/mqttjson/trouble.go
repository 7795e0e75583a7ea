package mqttjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// Codes of what can be wrong with what devices send; they are stable.
const (
	troubleTopic   = "topic"   // no mapping takes the topic
	troublePayload = "payload" // not JSON, or not in the shape that the mapping wants; nothing of it is taken
	troubleDevice  = "device"  // the device's name is missing, too long, or one too many
	troubleType    = "type"    // a value of another type than the point, or the listed value, wants
	troubleTime    = "time"    // a time that cannot be; the values are taken with the time of arrival
	troubleName    = "name"    // a metric's name is empty or too long
	troubleBound   = "bound"   // more values, or longer ones, than are taken
	troubleRefused = "refused" // the store refuses the message
)

func topicTrouble(topic string) intake.Trouble {
	return intake.Trouble{Code: troubleTopic, Where: clip(topic), Zh: "没有映射接收此主题，报文未采用；请修改主题或在接入源中添加映射",
		En: "no mapping takes this topic, and the message is not taken; change the topic, or add a mapping to the source"}
}

func payloadTrouble(topic string, b []byte, err error) intake.Trouble {
	return intake.Trouble{Code: troublePayload, Where: clip(topic), Value: clip(string(b)), Zh: "负载不是正确的 JSON，整条报文未采用：" + clip(err.Error()),
		En: "the payload is not proper JSON, and nothing of it is taken: " + clip(err.Error())}
}

func rootTrouble(topic, root string) intake.Trouble {
	return intake.Trouble{Code: troublePayload, Where: clip(topic), Value: root, Zh: "负载中没有映射所指的成员，报文未采用；请检查映射的 root",
		En: "the payload has nothing where the mapping looks, and is not taken; check the mapping's root"}
}

func recordTrouble(topic string, i int, record string) intake.Trouble {
	return intake.Trouble{Code: troublePayload, Where: fmt.Sprintf("%s [%d]", clip(topic), i), Value: clip(record), Zh: "此条记录没有名称或数值，未采用；其余记录已采用",
		En: "this record has no name or no value and is not taken; the others are"}
}

func valueTrouble(topic string, b []byte) intake.Trouble {
	return intake.Trouble{Code: troublePayload, Where: clip(topic), Value: clip(string(b)), Zh: "应为单个数值或文本，报文未采用；若为 JSON 对象，请将映射的 shape 改为 object",
		En: "one value is wanted, and the message is not taken; for a JSON object set the mapping's shape to object"}
}

func wordTrouble(topic, word string, online, offline []string) intake.Trouble {
	want := strings.Join(append(append([]string{}, online...), offline...), ", ")
	return intake.Trouble{Code: troublePayload, Where: clip(topic), Value: clip(word), Zh: "无法判断设备在线与否；应为：" + want, En: "does not say whether the device is there; wanted is one of: " + want}
}

func deviceTrouble(topic, path string) intake.Trouble {
	return intake.Trouble{Code: troubleDevice, Where: clip(topic), Value: path, Zh: "负载中没有设备名称，报文未采用；请检查映射的 devicePath",
		En: "the payload does not name the device, and is not taken; check the mapping's devicePath"}
}

func manyTrouble(topic string, limit int) intake.Trouble {
	return intake.Trouble{Code: troubleDevice, Where: clip(topic), Value: strconv.Itoa(limit), Zh: "接入源的设备数已达上限，报文未采用；请拆分为多个接入源，或检查设备名称是否每次都变",
		En: "the source has as many devices as it may have, and the message is not taken; use several sources, or see whether the name changes each time"}
}

func nameTrouble(topic, name string) intake.Trouble {
	return intake.Trouble{Code: troubleName, Where: clip(topic), Value: clip(name), Zh: "名称应为 1 到 200 字节的 UTF-8 文本，未采用", En: "a name has 1 to 200 bytes of UTF-8; this one is not taken"}
}

func metricsTrouble(topic, name string) intake.Trouble {
	return intake.Trouble{Code: troubleBound, Where: clip(topic) + " " + clip(name), Value: strconv.Itoa(maxDeviceMetrics), Zh: "设备的指标数已达上限，数值未采用；请检查名称是否每次都变，或在映射中列出所需数值",
		En: "the device has as many metrics as it may have; see whether names change each time, or list in the mapping what is wanted"}
}

func fullTrouble(topic string, limit int) intake.Trouble {
	return intake.Trouble{Code: troubleBound, Where: clip(topic), Value: strconv.Itoa(limit), Zh: "报文中的数值超过上限，多出的未采用；请在映射中列出所需数值，或提高 maxMetrics",
		En: "the message holds more values than are taken; list in the mapping what is wanted, or raise maxMetrics"}
}

func textTrouble(topic, name, text string) intake.Trouble {
	return intake.Trouble{Code: troubleBound, Where: clip(topic) + " " + clip(name), Value: clip(text), Zh: "文本超过 4096 字节或不是 UTF-8，未采用", En: "a text has at most 4,096 bytes of UTF-8; this one is not taken"}
}

func timeTrouble(topic, value string) intake.Trouble {
	return intake.Trouble{Code: troubleTime, Where: clip(topic), Value: clip(value), Zh: "时间无法识别或不在 2000 至 2200 年之间，改用到达时间；请检查设备时钟和映射的 time",
		En: "the time cannot be read, or is not within 2000 and 2200; the time of arrival is taken. Check the device's clock and the mapping's time"}
}

func typeTrouble(topic, name, value, want string) intake.Trouble {
	return intake.Trouble{Code: troubleType, Where: clip(topic) + " " + clip(name), Value: clip(value), Zh: "数值与映射中的类型 " + want + " 不符，未采用；同一报文的其余数值已采用",
		En: "the value is not the " + want + " that the mapping wants, and is not taken; others of the message are"}
}

func slotTrouble(topic, name string, v telemetry.Value, want telemetry.Type) intake.Trouble {
	zh := map[telemetry.Type]string{telemetry.Float64: "数值", telemetry.Int64: "整数", telemetry.Bool: "布尔值", telemetry.String: "文本"}
	en := map[telemetry.Type]string{telemetry.Float64: "number", telemetry.Int64: "integer", telemetry.Bool: "boolean", telemetry.String: "text"}
	return intake.Trouble{Code: troubleType, Where: clip(topic) + " " + clip(name), Value: clip(show(v)),
		Zh: fmt.Sprintf("设备发来%s，而点位为%s，未采用；同一报文的其余数值已采用。请更正点位的类型，或在映射中列出此值并写明类型", zh[v.Type], zh[want]),
		En: fmt.Sprintf("the device tells a %s and the point is a %s: not taken, others of the message are. Correct the point's type, or list the value with a type in the mapping", en[v.Type], en[want])}
}

func refusedTrouble(topic string, e *telemetry.BatchError) intake.Trouble {
	return intake.Trouble{Code: troubleRefused, Where: clip(topic), Value: clip(e.Value), Zh: "存储拒绝了整条报文：" + e.Error(), En: "the store refuses the message: " + e.Error()}
}

// clip cuts a value short, at a character.
func clip(s string) string {
	if len(s) > 100 {
		s = s[:100]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		s = s[:max(0, len(s)-1)] + "…"
	}
	return strings.Clone(strings.ToValidUTF8(s, "�")) // not a piece of the packet
}
