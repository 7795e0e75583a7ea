// Package ingest is `jingwei bench ingest`: how many points a node takes from the outside, durable and readable, and what
// they cost, beside the pipeline that is usual today (mosquitto, Telegraf, VictoriaMetrics) and beside VictoriaMetrics
// alone, which is given remote write.
//
// The generator (load.go) is a process of its own on the same cores. To the node it speaks Sparkplug B over MQTT QoS 1:
// 200 connections, 100 metrics a message, each with alias, time and a double. To the pipeline it sends what suits that
// best: Influx lines of 20 fields. To VictoriaMetrics it sends remote write. The values are the same (values.go). What
// every engine then answers to a count must be what was sent, before its figures count. CPU is that of the engine's
// processes, from the first message until everything is stored and two seconds more.
package ingest
