// Not built by this project; see ../README.md.
plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
    id("org.jetbrains.kotlin.plugin.compose")
}

android {
    namespace = "org.edgernn.example"
    compileSdk = 35
    defaultConfig {
        applicationId = "org.edgernn.example"
        minSdk = 21
        targetSdk = 35
    }
    buildFeatures { compose = true }
    // A compressed asset cannot be mapped.
    androidResources { noCompress += "edgernn" }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    kotlinOptions { jvmTarget = "1.8" }
}

dependencies {
    implementation(project(":edgernn"))
    implementation(platform("androidx.compose:compose-bom:2024.10.01"))
    implementation("androidx.compose.material3:material3")
    implementation("androidx.activity:activity-compose:1.9.3")
}
