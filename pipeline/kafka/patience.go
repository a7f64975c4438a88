package kafka

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// patience is how often asking again can help.
type patience int

const (
	never  patience = iota // the same question gets the same answer
	few                    // bytes that were damaged on the way arrive whole the next time; bytes that are damaged on the broker's disk never do
	anew                   // not this question, but joining the group again and beginning from what is committed
	always                 // until somebody starts the broker, or elects the leader
)

// manyFailures of what passes as a rule are worth a warning.
const manyFailures = 10

// corruptTries is how often damaged bytes are asked for again.
const corruptTries = 5

// Codes that kafka-go has no names for.
const (
	unknownTopicID      kafkago.Error = 100
	inconsistentTopicID kafkago.Error = 103
)

// codes of Kafka's that the APIs in use may answer with, what to do about each, and why. Any other code is as never.
var codes = map[kafkago.Error]struct {
	patience patience
	why      string
}{
	kafkago.UnknownTopicOrPartition: {always, "made a moment ago, and its leader does not know yet; or deleted, until somebody makes it again"},
	unknownTopicID:                  {always, "as UnknownTopicOrPartition, where the topic was asked for by its id; whether it is another one now is found out before the next try"},
	inconsistentTopicID:             {always, "as unknownTopicID, said by a leader that is just making the topic anew"},
	kafkago.LeaderNotAvailable:      {always, "a leader is being elected"},
	kafkago.NotLeaderForPartition:   {always, "the leader has moved"},
	kafkago.ReplicaNotAvailable:     {always, "the leader has moved"},
	kafkago.FencedLeaderEpoch:       {always, "the leader has moved"},
	kafkago.UnknownLeaderEpoch:      {always, "the broker has not yet heard of the newest leader"},
	kafkago.OffsetNotAvailable:      {always, "a leader that has just been elected does not know yet how far it is"},
	kafkago.ListenerNotFound:        {always, "the leader is starting"},

	kafkago.BrokerNotAvailable:           {always, "the broker comes back, or another one leads"},
	kafkago.NetworkException:             {always, "as a connection that broke"},
	kafkago.RequestTimedOut:              {always, "a busy broker, or replicas that are behind; it may have written, which numbered batches find out and plain ones may repeat"},
	kafkago.KafkaStorageError:            {always, "a disk of the broker's failed: the partition moves to another one"},
	kafkago.NotEnoughReplicas:            {always, "until they are in sync again"},
	kafkago.NotEnoughReplicasAfterAppend: {always, "as before, and it has written"},
	kafkago.ThrottlingQuotaExceeded:      {always, "asking less often is what the quota wants"},
	kafkago.NotController:                {always, "the controller has moved"},
	kafkago.StaleControllerEpoch:         {always, "the controller has moved"},
	kafkago.Unknown:                      {always, "kafka-go's ListOffsets calls a broken connection so; from a broker it is what it did not expect, as it goes down or comes up"},
	kafkago.ReassignmentInProgress:       {always, "the topic's partitions are being moved"},

	kafkago.GroupLoadInProgress:          {always, "a coordinator that has just started reads its topic"},
	kafkago.GroupCoordinatorNotAvailable: {always, "the coordinator's topic is being made, or its broker starts"},
	kafkago.NotCoordinatorForGroup:       {always, "the coordinator has moved; it is looked for with every request"},
	kafkago.ConcurrentTransactions:       {always, "the transaction before this one is being ended"},
	kafkago.UnstableOffsetCommit:         {always, "a transaction with the group's offsets is being ended"},

	kafkago.InvalidMessage: {few, "a CRC that does not fit"},

	kafkago.RebalanceInProgress: {anew, "the group is being shared out anew"},
	kafkago.IllegalGeneration:   {anew, "the group went on without this process"},
	kafkago.UnknownMemberId:     {anew, "the group went on without this process"},
	kafkago.FencedInstanceID:    {anew, "the group went on without this process"},
	kafkago.MemberIDRequired:    {anew, "how a member is given its name"},

	kafkago.ProducerFenced:               {anew, "another owner began; or the broker aborted a transaction that had lasted too long"},
	kafkago.InvalidProducerEpoch:         {anew, "as ProducerFenced, said by the partition's leader"},
	kafkago.TransactionCoordinatorFenced: {anew, "as ProducerFenced, said by a coordinator that has moved"},
	kafkago.InvalidTransactionState:      {anew, "the transaction that this belongs to is over"},
	kafkago.InvalidProducerIDMapping:     {anew, "the id was not used for so long that the coordinator forgot it"},
	kafkago.UnknownProducerId:            {anew, "as InvalidProducerIDMapping, said by the partition's leader"},
	kafkago.OutOfOrderSequenceNumber:     {anew, "a batch before this one is not there: what else is missing nobody knows"},

	kafkago.OffsetOutOfRange:                   {never, "an OffsetError says which way"},
	kafkago.InvalidTopic:                       {never, "no topic can have that name"},
	kafkago.MessageSizeTooLarge:                {never, "the batch is cut in two first"},
	kafkago.RecordListTooLarge:                 {never, "the batch is cut in two first"},
	kafkago.InvalidRecord:                      {never, "the topic does not take records like this, as one without a key into a compacted topic"},
	kafkago.InvalidTimestamp:                   {never, "the topic does not take records so old or so new; they are written without a time first"},
	kafkago.InvalidRequiredAcks:                {never, "the broker does not know acks=all: it is none"},
	kafkago.UnsupportedVersion:                 {never, "the broker is too old, or too new"},
	kafkago.UnsupportedForMessageFormat:        {never, "the topic has an old message format"},
	kafkago.UnsupportedCompressionType:         {never, "the broker is too old for the topic's codec"},
	kafkago.InvalidRequest:                     {never, "a fault of this program's"},
	kafkago.InvalidTransactionTimeout:          {never, "the broker allows less than a minute: raise its transaction.max.timeout.ms"},
	kafkago.OffsetMetadataTooLarge:             {never, "a fault of this program's"},
	kafkago.InvalidCommitOffsetSize:            {never, "a fault of this program's"},
	kafkago.InvalidGroupId:                     {never, "no group can have that name"},
	kafkago.GroupIdNotFound:                    {never, "the group is not there"},
	kafkago.InvalidSessionTimeout:              {never, "the broker does not allow kafka.session_timeout"},
	kafkago.InconsistentGroupProtocol:          {never, "other software is in the group"},
	kafkago.GroupMaxSizeReached:                {never, "the broker allows no more members"},
	kafkago.TopicAlreadyExists:                 {never, "which is what was wanted"},
	kafkago.InvalidPartitionNumber:             {never, "the topic has as many already"},
	kafkago.InvalidReplicationFactor:           {never, "kafka.replication is more than there are brokers"},
	kafkago.InvalidConfiguration:               {never, "the broker does not take a topic's setting"},
	kafkago.PolicyViolation:                    {never, "the cluster has a policy against the topic"},
	kafkago.TopicAuthorizationFailed:           {never, "somebody must grant it"},
	kafkago.GroupAuthorizationFailed:           {never, "somebody must grant it"},
	kafkago.ClusterAuthorizationFailed:         {never, "somebody must grant it"},
	kafkago.TransactionalIDAuthorizationFailed: {never, "somebody must grant it"},
	kafkago.SASLAuthenticationFailed:           {never, "the user or the password is wrong"},
	kafkago.UnsupportedSASLMechanism:           {never, "the broker offers others"},
	kafkago.IllegalSASLState:                   {never, "the listener wants no SASL"},
}

// patienceWith an error: the one place that decides what is tried again, and why.
func patienceWith(err error) patience {
	var code kafkago.Error
	if errors.As(err, &code) {
		return codes[code].patience
	}
	var unknown *protocol.TopicError
	var unknownPartition *protocol.TopicPartitionError
	if errors.As(err, &unknown) || errors.As(err, &unknownPartition) {
		return always // kafka-go's own picture of the cluster is a second old: a partition that was just added, a leader that is being elected
	}
	var alert *net.OpError
	var network net.Error
	switch {
	case errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error"):
		return never // a TLS alert, in crypto/tls's clothes: a certificate that is not liked now will not be liked later
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, os.ErrDeadlineExceeded):
		return always // the broker is down, or restarts
	}
	return never
}

// refused tells whether joining a group again cannot help. A code that nobody has heard of is tried again: the group's own protocol may have grown.
func refused(err error) bool {
	var code kafkago.Error
	if !errors.As(err, &code) {
		return errors.Is(err, kafkago.ErrGroupClosed)
	}
	known, ok := codes[code]
	return ok && known.patience == never
}
