// Package influx reads InfluxDB line protocol: measurement[,tag=value…] field=value[,field=value…] [time].
//
// The decoder is our own because the field's library (influxdata/line-protocol/v2) does not say on which line a value
// stands that is well written but refused for another reason, such as a text where a number is wanted; and because a line's
// measurement and tags are compared here as they lie, without being taken apart for each line. The tests hold it against
// that library, input by input.
package influx
