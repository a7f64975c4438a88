package kafka

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	kafkago "github.com/segmentio/kafka-go"
)

// Metrics of a process's dealings with Kafka. A nil *Metrics counts nothing.
type Metrics struct {
	retries    *prometheus.CounterVec
	rebalances *prometheus.CounterVec
	partitions *prometheus.GaugeVec
}

// NewMetrics registered with r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "streamfit", Name: "kafka_retries_total",
			Help: "Requests to Kafka that failed and were tried again, by API and error."}, []string{"api", "code"}),
		rebalances: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "streamfit", Name: "group_rebalances_total",
			Help: "Generations of the consumer group that this process has joined; the first is its own start."}, []string{"group"}),
		partitions: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "streamfit", Name: "group_partitions",
			Help: "Partitions that the group has given to this process."}, []string{"group"}),
	}
	r.MustRegister(m.retries, m.rebalances, m.partitions)
	return m
}

func (m *Metrics) retried(api string, err error) {
	if m != nil {
		m.retries.WithLabelValues(api, codeOf(err)).Inc()
	}
}

func (m *Metrics) joined(group string, partitions int) {
	if m != nil {
		m.rebalances.WithLabelValues(group).Inc()
		m.partitions.WithLabelValues(group).Set(float64(partitions))
	}
}

// codeOf an error as a word: Kafka's name of it, or what became of the connection.
func codeOf(err error) string {
	var (
		code    kafkago.Error
		network net.Error
		cert    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &code) && code.Title() == "": // a code that kafka-go has no name for
		return "code_" + strconv.Itoa(int(code))
	case errors.As(err, &code):
		return strings.ReplaceAll(strings.ToLower(code.Title()), " ", "_")
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &cert):
		return "certificate"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "closed"
	}
	return "other"
}
