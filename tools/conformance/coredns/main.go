// A stand-in for CoreDNS, which the conformance suite asks one question by UDP: it answers every question for an
// address with that of the asker, as CoreDNS does with `whoami`. Its arguments, the place of a Corefile, are not read.
package main

import (
	"log"
	"net"

	"github.com/miekg/dns"
)

func main() {
	server := &dns.Server{Addr: ":53", Net: "udp", Handler: dns.HandlerFunc(answer)}
	log.Fatal(server.ListenAndServe())
}

func answer(writer dns.ResponseWriter, question *dns.Msg) {
	reply := new(dns.Msg).SetReply(question)
	asker, isUDP := writer.RemoteAddr().(*net.UDPAddr)
	if isUDP && len(question.Question) == 1 && asker.IP.To4() != nil {
		header := dns.RR_Header{Name: question.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}
		reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: asker.IP})
	}
	if err := writer.WriteMsg(reply); err != nil {
		log.Print(err)
	}
}
