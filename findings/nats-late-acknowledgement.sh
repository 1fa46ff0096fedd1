#!/usr/bin/env bash
# github.com/nats-io/nats.go v1.55.0 with nats-server v2.15.2 (embedded).
#
# A worker holds a message of a work queue for longer than AckWait, so that a second
# worker gets it and acknowledges it. DoubleAck, which waits for the server's word,
# returns nil for the second worker and, later, for the first as well.
#
# What follows: an acknowledgement that the server confirms does not prove that the
# work was this worker's. Our search stores a result under its trial's key first;
# the first writer wins, and only then the message is acknowledged.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func check[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	embedded := check(server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: os.Args[1]}))
	embedded.Start()
	defer embedded.Shutdown()
	embedded.ReadyForConnections(10 * time.Second)
	ctx := context.Background()
	connection := check(nats.Connect("", nats.InProcessServer(embedded)))
	js := check(jetstream.New(connection))
	stream := check(js.CreateStream(ctx, jetstream.StreamConfig{Name: "jobs", Subjects: []string{"jobs"}, Retention: jetstream.WorkQueuePolicy}))
	consumer := check(stream.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Second}))
	check(js.Publish(ctx, "jobs", []byte("one trial")))
	first := check(consumer.Next())
	second := check(consumer.Next(jetstream.FetchMaxWait(5 * time.Second)))
	fmt.Println("second delivery:", check(second.Metadata()).NumDelivered)
	fmt.Println("second worker's DoubleAck:", second.DoubleAck(ctx))
	fmt.Println("first worker's DoubleAck, too late:", first.DoubleAck(ctx))
	fmt.Println("left in the stream:", check(stream.Info(ctx)).State.Msgs)
}
GO
go_packages github.com/nats-io/nats.go@v1.55.0 github.com/nats-io/nats-server/v2@v2.15.2
go run . store | same 'second delivery: 2
second worker'"'"'s DoubleAck: <nil>
first worker'"'"'s DoubleAck, too late: <nil>
left in the stream: 0'
