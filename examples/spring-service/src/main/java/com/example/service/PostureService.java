package com.example.service;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A platform service that verifies what it is sent. */
@SpringBootApplication
public class PostureService {
    public static void main(String[] arguments) {
        SpringApplication.run(PostureService.class, arguments);
    }
}
