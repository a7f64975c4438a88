package kafkatest

import (
	"fmt"
	"strings"
)

// node of a cluster: broker and controller in one.
type node struct {
	id, nodes        int
	port, controller int
	back             int    // port behind the front; 0: there is no front
	front            string // host:port by which clients reach it
	voters           string // the controllers
	cluster          string // its id
}

// plan the nodes of a cluster. front is asked for the address by which clients reach a node, through whatever stands before it; nil: there is nothing.
func plan(nodes int, front func(id int, back string) (address string, err error)) ([]node, error) {
	ports, err := freePorts(3 * nodes)
	if err != nil {
		return nil, err
	}
	out, voters, cluster := make([]node, nodes), make([]string, nodes), clusterID()
	for i := range out {
		out[i] = node{id: i + 1, nodes: nodes, port: ports[3*i], controller: ports[3*i+1], cluster: cluster}
		voters[i] = fmt.Sprintf("%d@127.0.0.1:%d", i+1, out[i].controller)
	}
	for i := range out {
		out[i].voters = strings.Join(voters, ",")
		if front == nil {
			continue
		}
		out[i].back = ports[3*i+2]
		if out[i].front, err = front(i+1, fmt.Sprintf("127.0.0.1:%d", out[i].back)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// properties of the node. Internal topics are as small as they can be, so that they are made quickly, and a group's first member does not wait for others.
// In a cluster, what is acknowledged is on two nodes, so that nothing is lost with one of them.
func (n node) properties(dataDir string) string {
	replicas, insync := min(3, n.nodes), min(2, n.nodes)
	listeners, advertised, protocols := fmt.Sprintf("PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", n.port, n.controller),
		fmt.Sprintf("PLAINTEXT://127.0.0.1:%d", n.port), "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
	if n.back != 0 {
		listeners, advertised, protocols = fmt.Sprintf("%s,FRONT://127.0.0.1:%d", listeners, n.back), advertised+",FRONT://"+n.front, protocols+",FRONT:PLAINTEXT"
	}
	lines := []string{
		"process.roles=broker,controller",
		fmt.Sprint("node.id=", n.id),
		"controller.quorum.voters=" + n.voters,
		"listeners=" + listeners,
		"advertised.listeners=" + advertised,
		"listener.security.protocol.map=" + protocols,
		"inter.broker.listener.name=PLAINTEXT",
		"controller.listener.names=CONTROLLER",
		"log.dirs=" + dataDir,
		fmt.Sprint("default.replication.factor=", replicas),
		fmt.Sprint("min.insync.replicas=", insync),
		fmt.Sprint("offsets.topic.replication.factor=", replicas),
		"offsets.topic.num.partitions=1",
		fmt.Sprint("transaction.state.log.replication.factor=", replicas),
		"transaction.state.log.num.partitions=1",
		fmt.Sprint("transaction.state.log.min.isr=", insync),
		fmt.Sprint("share.coordinator.state.topic.replication.factor=", replicas),
		fmt.Sprint("share.coordinator.state.topic.min.isr=", insync),
		"group.initial.rebalance.delay.ms=0",
		"group.min.session.timeout.ms=1000",
		"broker.heartbeat.interval.ms=500",
		"broker.session.timeout.ms=2000", // a killed broker is not let in again before
		"auto.create.topics.enable=false",
		"log.retention.ms=-1",
		"log.retention.check.interval.ms=1000",
	}
	return strings.Join(lines, "\n") + "\n"
}
