// Package census counts the machines of a plant and how they are connected: the figures on which the rates of networked
// and numerically controlled equipment rest, and the scale of a platform by organisation, class, template, protocol,
// gateway or source, and site.
//
// It keeps nothing. Every figure is counted when it is asked for, from facts with effective dates: machines of the plant
// model, connections of gateways' links, feeds of sources, and the latest samples of points. So a figure cannot drift from
// what it counts, a past time can be asked for, and each rate can be followed down to its machines (the CSV).
//
// A machine is connected at a time when it is read through a gateway's link or fed by a source then; that is a fact of
// configuration. Whether values come is told beside it, and only for now: connected machines are live, stale or silent by
// their points (package reading).
//
// Sources: requirements S001 (connected machines and CNC counts), S002 (the four classes of equipment: 湖南省《深化制造业与
// 互联网融合发展的若干政策措施》第六条), S021 (scale by type, protocol and tenant, growth, rate); the rates are those of
// 浙江省 2017, 一(二): 机器联网率, 装备数控化率. No policy says how they are computed; the definitions are in rate.go and are
// answered with every figure.
package census
