package sparkplug

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// Codes of what can be wrong with what edge nodes send.
const (
	troubleTopic    = "topic"          // not a topic of Sparkplug, or of a group that is not taken
	troubleBound    = "bound"          // more edge nodes, devices, metrics or parts than are kept
	troublePayload  = "payload"        // not a payload; nothing of the message is taken
	troubleName     = "name"           // a metric's name is empty, too long, no UTF-8, or there twice
	troubleAlias    = "alias.unknown"  // values by alias without a birth that says whose they are
	troubleTwice    = "alias.twice"    // two metrics of one birth have the same alias
	troubleSequence = "sequence"       // messages are missing
	troubleLate     = "sequence.late"  // older than the birth in force, and with other aliases
	troubleDeath    = "death.stale"    // a death of an earlier session
	troubleReplay   = "birth.replayed" // a birth that has been told before
	troubleType     = "type"           // a value of another type than the birth says, or than the point
	troubleRange    = "range"          // a value that its type cannot hold, or an integer that the point cannot
	troubleTime     = "time"           // a time before 1970 or after 2200
	troubleRefused  = "refused"        // the store refuses the message
	troubleSession  = "birth.missing"  // messages of an edge node whose birth has not been seen
)

func topicTrouble(name, why string) intake.Trouble {
	return intake.Trouble{Code: troubleTopic, Where: clip(name), Value: clip(name),
		Zh: "不是本接入源接收的 Sparkplug 主题，报文未采用；请按 spBv1.0/组/报文类型/边缘节点[/设备] 发布", En: "the topic " + why + "; the message is not taken. Publish to spBv1.0/group/verb/node[/device]"}
}

func boundTrouble(where, what string, bound int) intake.Trouble {
	return intake.Trouble{Code: troubleBound, Where: clip(where), Value: strconv.Itoa(bound),
		Zh: fmt.Sprintf("超过上限 %d，多出的部分未采用；请拆分到多个接入源或减少数量", bound),
		En: fmt.Sprintf("more than %d %s; what is beyond is not taken. Use several sources, or send fewer", bound, what)}
}

func payloadTrouble(where, why string, b []byte) intake.Trouble {
	return intake.Trouble{Code: troublePayload, Where: where, Value: fmt.Sprintf("%d bytes: %.20x", len(b), b),
		Zh: "负载不是 Sparkplug B（" + why + "），整条报文未采用；请检查边缘节点的编码", En: why + "; nothing of the message is taken. Check how the edge node encodes"}
}

func refusedTrouble(where string, e *telemetry.BatchError) intake.Trouble {
	return intake.Trouble{Code: troubleRefused, Where: where, Value: clip(e.Value),
		Zh: "存储拒绝了整条报文：" + e.Error(), En: "the store refuses the message: " + e.Error()}
}

func aliasTrouble(where string, alias uint64) intake.Trouble {
	return intake.Trouble{Code: troubleAlias, Where: where, Value: strconv.FormatUint(alias, 10),
		Zh: "没有出生证明说明此别名属于哪个指标，数值未采用；已要求边缘节点重新上报出生证明",
		En: "no birth says whose alias this is; the value is not taken. The edge node has been asked for its births"}
}

func doubtTrouble(where string) intake.Trouble {
	return intake.Trouble{Code: troubleAlias, Where: where,
		Zh: "报文仅以别名标识数值，而此前可能丢失了出生证明；暂存，待重新上报的出生证明确认后采用",
		En: "values by alias after a birth may have been missed; they wait for the births that the edge node has been asked for"}
}

func sequenceTrouble(where string, want, got uint8) intake.Trouble {
	return intake.Trouble{Code: troubleSequence, Where: where, Value: strconv.Itoa(int(got)),
		Zh: fmt.Sprintf("应为序号 %d，收到 %d：有报文丢失；已要求边缘节点重新上报出生证明", want, got),
		En: fmt.Sprintf("sequence number %d was due and %d came: messages are missing. The edge node has been asked for its births", want, got)}
}

func metricTrouble(code, where, value, zh, en string) intake.Trouble {
	return intake.Trouble{Code: code, Where: where, Value: clip(value), Zh: zh, En: en}
}

// clip cuts a value short.
func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	s = s[:60]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
