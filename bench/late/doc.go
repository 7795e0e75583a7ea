// Package late measures what late data cost: ingest with a tenth of the input a minute to 30 days late beside ingest with
// none, the longest stall that a merge of blocks gives an acknowledgement beside a bare fdatasync on the same disk, and how
// soon one late sample restates the hour, shift, day and month that hold it, and nothing else.
package late
