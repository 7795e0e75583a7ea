// Package mqttjson reads what ordinary devices and gateways publish over MQTT: JSON objects, single values, lists of
// records. A configuration of a few lines says which topics are taken, where in the topic or the payload the device's
// name stands, and which values are metrics; presets hold it for Zigbee2MQTT, Tasmota, ChirpStack, The Things Stack,
// Aliyun and OneNET. A value that does not fit its point is told with topic and metric, and its neighbours are taken; a
// payload that is not JSON is told, counted and acknowledged, for it would not be better the next time.
package mqttjson
