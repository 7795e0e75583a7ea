// Package tsdb measures the telemetry store beside stores that others wrote: `jingwei bench tsdb`, and its shorter form
// `jingwei bench store`. Each trial (bench/trial) is a process of its own; the contenders take turns; queries are asked of
// all and compared with the stream made anew; goals are judged and told in the form of bench/result.
//
// Peers are programs of bench/peers, a Go module of its own, and InfluxDB as Debian packages it. Where they are not there
// they are left out, and the result says so.
package tsdb
